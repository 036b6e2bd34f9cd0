-- Every kind of failure, brought about for real: the line says what happened, to what, and what to
-- do about it, in the library by its options and in the command by its flags.

local core = require("ges.core")
local ges = require("ges")
local kit = require("core_kit")
local lab = require("lab")
local pty = require("pty")

-- What a line may name in the command: no option of the library but by its flag.
local OPTIONS = {}
for _, option in ipairs(core.options()) do
  if option.name:find("_", 1, true) then OPTIONS[#OPTIONS + 1] = option.name end
end

local function answering(status, body, headers)
  return kit.replying(status, body, headers):url()
end

local function without_listener()
  local server = kit.serve {}
  local url = server:url()
  server:close()
  return url
end

-- kind -> the endpoint, what the line says, more options, more flags of the command.
local CASES = {
  argument = { function() return "ftp://h" end, "endpoint must begin with https:// or http://",
    flags = "%-%-endpoint must begin with" },
  auth = { function()
    return answering(401, '{"error_code":"APIGW.0307","error_msg":"expired"}')
  end,
    "expired .*APIGW.0307.*; get a new token, or check the region$" },
  forbidden = { function() return answering(403, '{"error_code":"GES.1","error_msg":"no"}') end,
    "no %(HTTP 403, GES.1%); the credentials lack ges:jobs:" },
  not_found = { function()
    return answering(404, '{"error_code":"APIGW.0101","error_msg":"The API does not exist"}')
  end, "does not exist .*; no such API at that address; check endpoint and region$",
    flags = "; no such API at that address; check %-%-endpoint and %-%-region$" },
  bad_request = { function()
    return answering(400, '{"error_code":"GES.0001","error_msg":"Parameter error: graph_id"}')
  end, "Parameter error: graph_id %(HTTP 400, GES.0001" },
  throttled = { function() return answering(429, '{"error_msg":"slow down"}') end, "slow down" },
  unavailable = { function() return answering(503, "<p>busy</p>") end,
    "the server gave no error message: <p>busy</p> %(HTTP 503" },
  dns = { function() return "https://ges.invalid" end, "ges.invalid; check endpoint and region$",
    flags = "ges.invalid; check %-%-endpoint and %-%-region$" },
  connect = { without_listener, "127.0.0.1.*; check endpoint, proxy and firewalls$",
    flags = "; check %-%-endpoint, %-%-proxy and firewalls$" },
  network = { function()
    local head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"
    return kit.after_request(head, { close = true }):url()
  end, "with 8 bytes" }, -- remaining, or missing: each libcurl has its words
  timeout = { function() return kit.after_request({ stall = true }):url() end, "timed out",
    { request_timeout = 0.2 }, { "--request-timeout", "200ms" } },
  redirect = { function() return answering(302, "", { Location = "https://portal.test/login" }) end,
    "portal.test.*; redirects are never followed; check endpoint$",
    flags = "; redirects are never followed; check %-%-endpoint$" },
  proxy = { function() return "https://ges.invalid" end, "proxy has a scheme other than http,",
    { proxy = "junk://x" }, { "--proxy", "junk://x" } },
  protocol = { function() return answering(200, "<html>portal") end,
    "the answer is not JSON, at byte 1: <html>portal.*; a login page of the network may have "
      .. "answered: check endpoint$", flags = "may have answered: check %-%-endpoint$" },
  too_large = { function() return answering(200, ("x"):rep(2000)) end,
    "the response exceeds max_response_bytes", { max_response_bytes = 1000 },
    { "--max-response-bytes", "1000" }, flags = "exceeds %-%-max%-response%-bytes" },
}

describe("the line of a failure", function()
  after_each(function()
    lab.cleanup()
    kit.cleanup()
  end)

  for kind, case in pairs(CASES) do
    it("of kind " .. kind .. " says what to do", function()
      local opts = lab.options(case[1](), { retries = 0 })
      for name, value in pairs(case[3] or {}) do opts[name] = value end
      local err = lab.fails(kind, ges.job_status(opts))
      assert.matches("^ges: " .. kind .. ": ", err)
      assert.matches(case[2], err)
    end)

    it("of kind " .. kind .. " names flags in the command", function()
      local args = { "status", "--endpoint", case[1](), "--project", "p", "--graph", "g",
        "--retries", "0", "j" }
      for i, word in ipairs(case[4] or {}) do table.insert(args, i + 1, word) end
      local seen = pty.run(args, { env = { GES_TOKEN = "t", NO_PROXY = "127.0.0.1" } })
      assert.equal(core.kinds[kind].exit_code, seen.code, seen.err)
      assert.matches("^ges: " .. kind .. ": ", seen.err)
      assert.matches(case.flags or case[2]:gsub("%$$", ""), (seen.err:gsub("\n$", "")))
      for _, name in ipairs(OPTIONS) do
        local is_quoted = case[2]:find(name, 1, true) and not case.flags
        assert.is_true(is_quoted or not seen.err:find("%f[%w_]" .. name .. "%f[^%w_]"), seen.err)
      end
    end)
  end

  it("names flags in the command behind a wait that gave up, too", function()
    local seen = pty.run({ "wait", "--endpoint", without_listener(), "--project", "p", "--graph",
      "g", "j" }, { env = { GES_TOKEN = "t", NO_PROXY = "127.0.0.1" } })
    local line = "; check %-%-endpoint, %-%-proxy and firewalls %(gave up: [^\n]+%)\n$"
    assert.matches(line, seen.err)
  end)

  it("does not take the words of a person or of the service for options", function()
    for _, args in ipairs { { "--endpoint", "https://ca_file.invalid" },
      { "--endpoint", answering(400, '{"error_code":"X.1","error_msg":"check job_id; set ak"}') } }
      do
      local seen = pty.run({ "status", "--project", "p", "--graph", "g", "--retries", "0", "j",
        (unpack or table.unpack)(args) }, { env = { GES_TOKEN = "t", NO_PROXY = "127.0.0.1" } })
      assert.is_truthy(seen.err:find("ca_file.invalid;", 1, true)
        or seen.err:find("check job_id; set ak (HTTP 400", 1, true), seen.err)
    end
  end)

  it("of a command without credentials says what to set", function()
    local seen = pty.run({ "status", "--endpoint", "https://ges.invalid", "--project", "p",
      "--graph", "g", "j" }, { env = { GES_TOKEN = false, HOME = "/nowhere" } })
    assert.matches("; set GES_TOKEN, give %-%-token%-file, or see ges%(1%) for keys\n$", seen.err)
  end)

  it("of kind credentials says what to give", function()
    local env = ges.credentials.env(function() return nil end)
    local err = lab.fails("credentials", ges.job_status(lab.options("http://127.0.0.1:9",
      { token = false, credentials = ges.credentials.chain { env } })))
    assert.matches("give token, or ak with sk, or set GES_TOKEN$", err)
  end)

  it("of a wait without an answer has the form of all others", function()
    local err = lab.fails("deadline", ges.wait(lab.options(answering(200, kit.running),
      { timeout = 0 })))
    assert.matches('^ges: deadline: timed out after .*last status "running"', err)
  end)

  it("of every kind but the endings of a wait is one of these, or has a spec of its own", function()
    local elsewhere = { tls = true, job_failed = true, job_partial = true, job_unknown = true,
      deadline = true, cancelled = true, closed = true, memory = true, credentials = true }
    for kind in pairs(core.kinds) do
      assert.is_truthy(CASES[kind] or elsewhere[kind], kind)
    end
  end)
end)
