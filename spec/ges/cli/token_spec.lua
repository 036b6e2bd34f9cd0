-- Where the command takes the token from, and that it shows nowhere.

local kit = require "cli_kit"
local wire = require "wire"

local function ended(code, seen)
  assert.equal(code, seen.code, (seen.err .. seen.out):sub(1, 500))
  assert.is_nil(seen.err:find("traceback", 1, true))
  assert.is_nil(seen.err:find("[^\n\32-\126\128-\255]"))
  return seen
end

describe("the token", function()
  setup(kit.start)
  teardown(kit.stop)

  local path = os.tmpname()
  teardown(function() os.remove(path) end)

  local function file(text, mode)
    local f = assert(io.open(path, "wb"))
    f:write(text)
    f:close()
    os.execute("chmod " .. (mode or "600") .. " " .. path)
  end

  local function status(opts)
    local all = { env = { GES_TOKEN = false } }
    for name, value in pairs(opts or {}) do all[name] = value end
    return kit.ges({ "status", "--token-file", (opts or {}).from or path, kit.job(0) }, all)
  end

  it("comes from a file, with or without a newline at the end", function()
    for _, text in ipairs { kit.token, kit.token .. "\n", kit.token .. "\r\n" } do
      file(text)
      ended(0, status())
    end
    local seen = ended(2, (function() file(kit.token .. "\n\n") return status() end)())
    assert.is_nil(seen.err:find(kit.token, 1, true))
  end)

  it("comes from stdin, once", function()
    ended(0, status { from = "-", input = kit.token .. "\n" })
    ended(0, status { from = "/dev/stdin", input = kit.token })
    local seen = ended(4, status { from = "-" })
    assert.matches("the token on stdin is empty", seen.err)
    local id = kit.job(0.4)
    ended(0, kit.ges({ "wait", "--token-file", "-", "--interval", "50ms", id, kit.job(0) },
      { env = { GES_TOKEN = false }, input = kit.token }))
  end)

  it("comes from a mounted file that its group can read, with a warning", function()
    file(kit.token, "440")
    local seen = ended(0, status())
    local warning = ("ges: warning: the token file %s can be read by its group\n"):format(path)
    assert.equal(warning, seen.err)
    for _, command in ipairs { "wait", "watch" } do
      seen = ended(0, kit.ges({ command, "--token-file", path, kit.job(0) },
        { env = { GES_TOKEN = false } }))
      local first, last = seen.err:find(warning, 1, true)
      assert.is_truthy(first, command)
      assert.is_nil(seen.err:find(warning, last, true), command)
    end
  end)

  it("does not come from a file that others can read", function()
    for _, mode in ipairs { "644", "660", "604", "620" } do
      file(kit.token, mode)
      local seen = ended(4, status())
      assert.truthy(seen.err:find("run chmod 600 " .. path, 1, true))
    end
  end)

  it("is missed in one line", function()
    file("")
    assert.matches("is empty", ended(4, status()).err)
    file(("x"):rep(140000))
    assert.matches("longer than 128 KiB", ended(4, status()).err)
    assert.matches("No such file", ended(4, status { from = "/no/such/file" }).err)
    assert.matches("directory", ended(4, status { from = "/tmp" }).err)
    for text, why in pairs { ["two\nlines"] = "contains", ["'quoted'"] = "is in quotes" } do
      file(text)
      assert.truthy(ended(2, status()).err:find("the token file " .. path .. " " .. why, 1, true))
    end
  end)

  it("is not repeated when it is given in place of its file", function()
    for _, token in ipairs { ("MIIT+a="):rep(20), ("MIIT/a="):rep(300) } do
      local seen = ended(4, status { from = token })
      assert.is_nil(seen.err:find("MIIT", 1, true))
      assert.matches("no such token file", seen.err)
    end
  end)

  it("is read anew during a wait", function()
    file("sim-token-expired")
    local id, since = kit.job(1), nil
    local seen = kit.ges({ "wait", "--token-file", path, "--interval", "100ms", id },
      { env = { GES_TOKEN = false } })
    ended(4, seen)
    file(kit.token)
    seen = kit.ges({ "wait", "--token-file", path, "--interval", "100ms", kit.job(1) },
      { env = { GES_TOKEN = false }, on = function(so_far)
        if not since and so_far.err:find("running", 1, true) then
          since = true
          file("sim-token-expired\n")
          file(kit.token .. "\n")
        end
      end })
    ended(0, seen)
  end)

  it("is read again when it is refused, and sent again only where it is another one", function()
    local refused = wire.reply(401, '{"error_code":"APIG.0301","error_msg":"refused"}')
    for code, text in pairs { [0] = "renewed", [4] = "first" } do
      local server = wire.serve { { "request", { gate = true }, refused,
        "request", wire.reply(200, '{"job_id":"j","status":"success"}') }, loop = true }
      finally(function() server:close() end)
      file("first")
      local is_passed = false
      ended(code, kit.ges({ "status", "--token-file", path, "--endpoint", server:url(), "j" },
        { env = { GES_TOKEN = false }, on = function()
          if is_passed or #server:requests() == 0 then return end
          is_passed = true
          file(text)
          server:pass(1)
        end }))
      local sent = {}
      for i, request in ipairs(server:requests()) do
        sent[i] = request:match("\r\nX%-Auth%-Token: ([^\r]*)")
      end
      assert.same({ "first", code == 0 and text or nil }, sent)
    end
  end)

  it("never shows: not in any stream, not in the process list", function()
    local listed = ""
    local secret = "sim-token-forbidden"
    file(secret)
    local seen = kit.ges({ "wait", "-v", "--token-file", path, "j" }, { env = { GES_TOKEN = false },
      on = function(_, process)
        local f = io.open(("/proc/%d/cmdline"):format(process:pid()), "rb")
        if f then
          listed = listed .. f:read("*a")
          f:close()
        end
      end })
    ended(4, seen)
    assert.is_nil((seen.out .. seen.err .. listed):find(secret, 1, true))
  end)
end)
