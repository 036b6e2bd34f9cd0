-- A message showed parts of a secret: an echo that an HTML page, a log or a second layer had
-- escaped, that was wrapped over lines, or began in the middle of the secret; and a secret that was
-- cut before it was looked for. Secrets in a request's body and in its extra headers were not
-- known.

local core = require("ges.core")
local ges = require("ges")
local json = require("ges.json")
local kit = require("core_kit")
local wire = require("wire")

local TOKEN = "MIIFbAYJKoZIhvcNAQcCoIIFXTCCBVkCAQEx/D+TALBglghkgBZQMEAgEwggM6BgkqhkiG9w0BBwGgggMr"
  .. "BIIDJ3sidG9rZW4iOnsiZXhwaXJlc19hdCI6"
local PASSWORD = "Tr0ub4dor&3!"

local function each(pattern, form)
  return function(text)
    return (text:gsub(pattern, function(c) return (form:format(c:byte())) end))
  end
end

local function wrapped(width, gap)
  return function(text) return (text:gsub(("."):rep(width), "%0" .. gap)) end
end

local function swap(pairs_of)
  return function(text) return (text:gsub(".", pairs_of)) end
end

local SPECIAL = "[^%w]"

local FORMS = {
  plain = function(text) return text end,
  ["URL"] = each(SPECIAL, "%%%02X"), ["URL, lower case"] = each(SPECIAL, "%%%02x"),
  ["URL twice"] = each(SPECIAL, "%%25%02X"), ["URL three times"] = each(SPECIAL, "%%2525%02x"),
  ["URL, every byte"] = each(".", "%%%02X"), ["%u"] = each(SPECIAL, "%%u%04X"),
  ["form"] = swap { ["+"] = " " },
  ["JSON"] = swap { ["/"] = "\\/", ['"'] = '\\"' }, ["JSON in JSON"] = swap { ["/"] = "\\\\\\/" },
  ["\\u"] = each(SPECIAL, "\\u%04X"), ["\\u in JSON"] = each(SPECIAL, "\\\\u%04x"),
  ["\\u, every byte"] = each(".", "\\u%04x"),
  ["log"] = each(SPECIAL, "\\x%02X"), ["log in JSON"] = each(SPECIAL, "\\\\x%02x"),
  ["octal"] = each(SPECIAL, "\\%03o"),
  ["HTML"] = each(SPECIAL, "&#x%X;"), ["HTML, decimal"] = each(SPECIAL, "&#%d;"),
  ["HTML, zeros"] = each(SPECIAL, "&#%05d;"), ["HTML, every byte"] = each(".", "&#%d;"),
  ["HTML twice"] = each(SPECIAL, "&amp;#%d;"), ["HTML in JSON"] = each(SPECIAL, "\\u0026#x%x;"),
  ["HTML, names"] = swap { ["&"] = "&amp;", ["/"] = "&sol;", ["+"] = "&plus;", ["="] = "&equals;",
    ["!"] = "&excl;" },
  ["wrapped"] = wrapped(38, "\n"), ["wrapped, CRLF"] = wrapped(32, "\r\n"),
  ["wrapped, indented"] = wrapped(38, "\r\n\t    "), ["wrapped, narrow"] = wrapped(7, "\n"),
  ["wrapped in JSON"] = wrapped(38, "\\n"), ["wrapped in HTML"] = wrapped(38, "&#10;"),
  ["wrapped in a URL"] = wrapped(38, "%%0D%%0A"),
}

describe("regress: a message", function()
  after_each(kit.cleanup)

  for name, form in pairs(FORMS) do
    it("shows no secret in this form: " .. name, function()
      for _, secret in ipairs { TOKEN, PASSWORD } do
        assert.same("<<redacted>>", core.redact("<" .. form(secret) .. ">", secret))
      end
    end)

    it("shows no part of one: " .. name, function()
      for first = 1, #TOKEN - 23, 5 do
        local part = TOKEN:sub(first, first + 23)
        local text = core.redact("<" .. form(part) .. ">", TOKEN)
        assert.truthy(text:find("^<<redacted>[%sx0AD\\]*>$"), part .. " as " .. text)
      end
      local page = "<p>the token ended in " .. form(TOKEN:sub(-24)) .. "</p>"
      local _, err, info = kit.client():job_status(kit.options(kit.replying(502, page),
        { token = TOKEN }))
      kit.no_leak({ err, info }, { TOKEN:sub(-24) })
      assert.truthy(err:find("the token ended in <redacted>", 1, true), err)
    end)
  end

  it("shows a run of 15 bytes, and none of 16", function()
    for first = 1, #TOKEN - 15 do
      local run = TOKEN:sub(first, first + 15)
      assert.same("(<redacted>)", core.redact("(" .. run .. ")", TOKEN))
      if first > 4 then      -- the beginning has a stricter measure
        assert.same("(" .. run:sub(2) .. ")", core.redact("(" .. run:sub(2) .. ")", TOKEN))
      end
    end
  end)

  it("shows no secret of four bytes, and any of three", function()
    assert.same("(<redacted>)", core.redact("(p4ss)", "p4ss"))
    assert.same("(p4s)", core.redact("(p4s)", "p4s"))
  end)

  it("takes each part out on its own, and leaves what is between", function()
    local text = ("a%sb%sc"):format(TOKEN:sub(20, 50), TOKEN:sub(60, 90))
    assert.same("a<redacted>b<redacted>c", core.redact(text, TOKEN))
    assert.same("<redacted><redacted>", core.redact(TOKEN:sub(60, 90) .. TOKEN:sub(20, 50), TOKEN))
    assert.same("<redacted>", core.redact(TOKEN:sub(30, 60) .. TOKEN:sub(61, 70), TOKEN))
    local other = "another-secret-of-a-good-length"
    assert.same("x<redacted>y<redacted>", core.redact("x" .. other:sub(5, 25) .. "y"
      .. TOKEN:sub(60, 90), TOKEN, other))
  end)

  it("shows no run whose first byte ends what looks like an escape", function()
    local run = TOKEN:match("F" .. ("."):rep(15))
    for _, before in ipairs { "\\u000", "%0", "\\x0", "&#x" } do
      assert.is_nil(core.redact(before .. run .. "!", TOKEN):find(run:sub(2), 1, true))
    end
  end)

  -- What is read past a name's end shows under AddressSanitizer only (make asan).
  it("reads an entity's name no further than it goes", function()
    for _, name in ipairs { "tilde", "NewLine", "lt", "hyphen" } do
      for zeros = 1, 9 do
        local text = "&" .. name .. ("\0"):rep(zeros) .. ";"
        assert.same((text:gsub("%z", "\\x00")), core.redact(text, TOKEN, "~> -secret"))
      end
    end
  end)

  it("shows nothing of a secret that repeats itself", function()
    for _, secret in ipairs { ("ab"):rep(40), ("a"):rep(100), ("0123456789abcdef"):rep(5) } do
      assert.same("<redacted>", core.redact(secret:sub(7, 40), secret))
    end
  end)

  it("cuts no mark in two", function()
    for at = 100, 125 do
      local server = kit.replying(500, ("x"):rep(at) .. TOKEN .. ("y"):rep(50))
      local _, err = kit.client():job_status(kit.options(server, { token = TOKEN }))
      assert.is_nil(err:gsub("<redacted>", ""):find("<", 1, true), err)
      kit.cleanup()
    end
  end)

  it("takes a secret out before it cuts, wherever it stands", function()
    for _, secret in ipairs { PASSWORD, TOKEN } do
      for at = 80, 140 do
        local page = ("x"):rep(at) .. secret .. ("y"):rep(30)
        local text = core.redact(("x"):rep(at + 870) .. secret, secret)
        assert.is_nil(text:find(secret:sub(1, 8), 1, true))
        if at % 7 == 0 then
          local server = kit.replying(500, page)
          local _, err, info = kit.client():job_status(kit.options(server, { token = secret }))
          kit.no_leak({ err, info }, { secret:sub(1, 8) })
          kit.cleanup()
        end
      end
    end
  end)

  it("shows no secret whose place in a header is where the header is cut", function()
    for _, name in ipairs { "X-Request-Id", "X-IAM-Trace-Id", "Date", "Location" } do
      for _, at in ipairs { 0, 20, 28, 34, 60, 68, 72, 76, 110, 120, 126, 245, 250 } do
        local value = (name == "Location" and "https://" or "") .. ("x"):rep(at) .. PASSWORD
        local server = kit.replying(302, "{}", { [name] = value })
        local _, err, info = kit.client():job_status(kit.options(server, { token = PASSWORD }))
        kit.no_leak({ err, info }, { PASSWORD:sub(1, 4) })
        kit.cleanup()
      end
    end
  end)
end)

describe("regress: a generic call", function()
  after_each(kit.cleanup)

  -- The triple of a call that brings a secret, and the server that echoes it.
  local function ask(extra, status, body, headers)
    local server = kit.replying(status, body, headers)
    local client = ges.new { endpoint = server:url(), token = TOKEN, retries = 0 }
    local opts = { path = "/v3/x", method = "POST" }
    for name, value in pairs(extra) do opts[name] = value end
    local value, err, info = client:request(opts)
    client:close()
    return value, err, info
  end

  local BODIES = {
    { auth = { identity = { methods = { "password" }, password = { user = { name = "alice",
      password = PASSWORD, domain = { name = "acme" } } } } } },
    { adminPass = PASSWORD }, { tokens = { PASSWORD, "other" } }, { client_secret = PASSWORD },
    { auth = { identity = { methods = { "token" }, token = { id = PASSWORD } } } },
    { SECRET_KEY = PASSWORD }, { nested = { { { user_password = PASSWORD } } } },
    { password = { value = PASSWORD } }, { obs_sk = PASSWORD }, { client_pwd = PASSWORD },
    { ["password_" .. ("x"):rep(100)] = PASSWORD }, '["a",{"password": "' .. PASSWORD .. '"}]',
    "user=a&password=Tr0ub4dor%263%21&x=y", "a=b&passwd=" .. PASSWORD:gsub("&", "%%26"),
  }

  for i, body in ipairs(BODIES) do
    it("hides the secret of its body, " .. i, function()
      for at = 100, 126 do
        local _, err, info = ask({ body = body }, 500, ("x"):rep(at) .. PASSWORD .. " was wrong")
        kit.no_leak({ err, info }, { PASSWORD:sub(1, 6) })
        kit.cleanup()
      end
      local text = json.encode { error = { code = PASSWORD, message = "not " .. PASSWORD } }
      local _, err, info = ask({ body = body }, 400, text, { ["X-Request-Id"] = "r" .. PASSWORD })
      kit.no_leak({ err, info }, { PASSWORD })
      assert.equal("<redacted>", info.code)
      assert.equal("<redacted>", info.request_id)
      assert.equal("not <redacted>", info.message)
    end)
  end

  it("hides a number that is a password", function()
    local _, err, info = ask({ body = { password = 839201736455 } }, 400,
      '{"error_code":"A.1","error_msg":"bad: 839201736455"}')
    assert.equal("bad: <redacted>", info.message)
    kit.no_leak({ err, info }, { "839201736455" })
  end)

  it("takes no ordinary word for a secret", function()
    for _, extra in ipairs {
      { query = { bypass = "true", compass = "list" } }, { body = { passive_mode = "status" } },
      { body = { task = "status", disk = "list" } },
    } do
      local text = '{"status":"ok","list":[true,false]}'
      local response = assert(ask(extra, 200, text))
      assert.equal(text, response.body)
      kit.cleanup()
    end
  end)

  it("hides a key of several lines, in an answer and in a message", function()
    local key = "-----BEGIN PRIVATE KEY-----\n" .. TOKEN:sub(1, 64) .. "\n" .. TOKEN:sub(65)
      .. "\n-----END PRIVATE KEY-----\n"
    local echo = json.encode { private_key = key, error_code = "A.1", error_msg = key }
    local response = assert(ask({ body = { private_key = key } }, 200, echo,
      { "Content-Type: application/json" }))
    assert.equal("<redacted>", response.json.private_key:gsub("%s+$", ""))
    local _, err, info = ask({ body = { private_key = key } }, 400, echo)
    kit.no_leak({ err, info }, { TOKEN:sub(1, 64), TOKEN:sub(65) })
  end)

  it("hides a password with escapes in it", function()
    local secret = 'p"a\\s/s\228\189\156w'
    local _, err, info = ask({ body = { password = secret } }, 400,
      json.encode { error_code = "A.1", error_msg = "bad: " .. secret })
    kit.no_leak({ err, info }, { secret })
    assert.equal("bad: <redacted>", info.message)
  end)

  it("keeps an answer whose text ends like a secret", function()
    local secret = "say:\\"
    local job = assert(kit.client():job_status(kit.options(kit.replying(200,
      '{"status":"running","fail_reason":"the parser may say:\\"x\\" y"}'), { token = secret })))
    assert.equal('running', job.status)
    assert.equal('the parser may <redacted>"x" y', job.fail_reason)
  end)

  it("hides every password, however it is escaped", function()
    local seed = 42
    local function random(n)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return math.floor(seed / 65536) % n
    end
    local function twice(f) return function(s) return f(f(s)) end end
    local forms = {
      FORMS["URL"], FORMS["URL, every byte"], twice(FORMS["URL"]), FORMS["HTML twice"],
      FORMS["\\u, every byte"], FORMS["HTML"], FORMS["HTML, names"], FORMS["log"],
      function(s) return (json.encode(s):sub(2, -2)) end,
      function(s) return FORMS["URL"]((json.encode(s):sub(2, -2))) end,
      function(s) return (json.encode((json.encode(s):sub(2, -2))):sub(2, -2)) end,
      function(s) return FORMS["URL"](FORMS["HTML"](s)) end,
    }
    for _ = 1, 400 do
      local secret = {}
      for i = 1, 12 do secret[i] = string.char(33 + random(94)) end
      secret = table.concat(secret)
      for i, form in ipairs(forms) do
        local text = core.redact("<" .. form(secret) .. ">", secret)
        -- a backslash at an end may stay
        assert.truthy(text:find("<redacted>", 1, true) and #text <= 14 + 30,
          ("form %d of %s: %s"):format(i, secret, text))
      end
    end
  end)

  it("shows what is no secret of its body", function()
    local _, err = ask({ body = BODIES[1] }, 400,
      '{"error_code":"A.1","error_msg":"alice of acme"}')
    assert.truthy(err:find("alice of acme", 1, true), err)
    _, err = ask({ body = { token_type = "bearer", key = "name" } }, 400,
      '{"error_code":"A.1","error_msg":"bearer name"}')
    assert.truthy(err:find("bearer name", 1, true), err)
  end)

  it("hides secrets of its headers and its query", function()
    for _, extra in ipairs {
      { headers = { ["X-Subject-Token"] = PASSWORD } },
      { headers = { ["Cookie"] = "session=" .. PASSWORD } },
      { headers = { ["X-Api-Key"] = "Bearer " .. PASSWORD } },
      { query = { access_token = PASSWORD } },
    } do
      for _, status in ipairs { 400, 502 } do
        local _, err, info = ask(extra, status, "you sent session=" .. PASSWORD)
        kit.no_leak({ err, info }, { PASSWORD })
      end
      local response = assert(ask(extra, 200, '{"echo":"session=' .. PASSWORD .. '"}'))
      kit.no_leak(response, { PASSWORD })
      kit.cleanup()
    end
  end)

  it("refuses more secrets than it can hide", function()
    local body = {}
    for i = 1, 59 do body["password" .. i] = PASSWORD .. i end
    local server = kit.serve { { "request" } }
    local value, err, info = ges.request { endpoint = server:url(), token = TOKEN, path = "/x",
      method = "POST", body = body }
    assert.is_nil(value)
    assert.equal("argument", info.kind)
    assert.truthy(err:find("body contains more passwords and tokens than", 1, true), err)
    assert.same(0, #server:requests())
  end)
end)

describe("regress: a login", function()
  after_each(kit.cleanup)

  it("shows nothing of the password that IAM echoes", function()
    for _, at in ipairs { 0, 50, 90, 100, 105, 108, 109, 110, 115, 119, 120 } do
      for _, status in ipairs { 400, 401, 500 } do
        local iam = kit.serve { { "request", wire.reply(status, ("x"):rep(at) .. PASSWORD
          .. ("y"):rep(50), { ["X-Request-Id"] = PASSWORD }), { again = true } }, loop = true }
        local _, err, info = ges.job_status {
          endpoint = "http://127.0.0.1:1", project_id = "p", graph_id = "g", job_id = "j",
          retries = 0,
          credentials = ges.credentials.password { user = "alice", password = PASSWORD,
            domain = "acme", project_id = "p", iam_endpoint = iam:url() },
        }
        assert.equal("credentials", info.kind)
        kit.no_leak({ err, info }, { PASSWORD:sub(1, 6) })
        kit.cleanup()
      end
    end
  end)

  it("shows it in no code", function()
    local iam = kit.replying(400, json.encode { error = { code = PASSWORD, message = "no" } })
    local _, err, info = ges.job_status {
      endpoint = "http://127.0.0.1:1", project_id = "p", graph_id = "g", job_id = "j", retries = 0,
      credentials = ges.credentials.password { user = "alice", password = PASSWORD,
        domain = "acme", project_id = "p", iam_endpoint = iam:url() },
    }
    kit.no_leak({ err, info }, { PASSWORD })
  end)
end)

describe("regress: a wait", function()
  after_each(kit.cleanup)

  it("shows no part of a proxy's password in the reason of a failed job", function()
    local secret = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    local proxy = kit.replying(200, '{"status":"failed","fail_reason":"pw ' .. secret:sub(20, 45)
      .. '"}')
    local _, err, info = ges.wait(kit.options("http://ges.test", { insecure_http = true,
      proxy = ("http://user:%s@127.0.0.1:%d"):format(secret, proxy:port()) }))
    assert.equal("job_failed", info.kind)
    assert.truthy(err:find("pw <redacted>", 1, true), err)
    assert.equal("pw <redacted>", info.message)
  end)
end)

describe("regress: the id of a request", function()
  after_each(kit.cleanup)

  it("shows no part of a secret, not even with a job", function()
    for _, status in ipairs { 200, 400 } do
      local server = kit.replying(status, kit.running, { ["X-Request-Id"] = TOKEN:sub(20, 52) })
      local _, _, info = kit.client():job_status(kit.options(server, { token = TOKEN }))
      assert.equal("<redacted>", info.request_id)
    end
  end)
end)
