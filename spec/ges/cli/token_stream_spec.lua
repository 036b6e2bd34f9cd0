-- The token of the command from something that can be read once: `--token-file <(command)` of a
-- shell, a pipe behind /dev/stdin, another descriptor. Each poll of a wait has it.

local child = require "child"
local kit = require "cli_kit"
local lab = require "lab"

local TOKEN = "token-of-a-stream-0123456789"
local REPLIES = { "running", { 503, "{}" }, "running", "running", "success" }

-- Has a shell call the command with the words it is given, and `more`.
local function by_bash(more)
  return { program = { "bash", "-c", ("%s \"$@\" %s"):format(kit.called, more), "bash" },
    env = { GES_TOKEN = false } }
end

local function through_stdin(text)
  return { input = text, env = { GES_TOKEN = false } }
end

describe("a token that can be read once", function()
  after_each(lab.cleanup)

  -- Runs a command that asks about a job which runs for some polls, with an attempt that fails.
  -- Each of the five requests has the token, and nothing of it is shown.
  local function assert_serves(args, opts)
    local server = lab.replies(REPLIES)
    local all = { args[1], "--interval", "20ms", "--endpoint", server:url(), "j" }
    for i = 2, #args do all[#all + 1] = args[i] end
    local seen = kit.ges(all, opts)
    assert.equal(0, seen.code, seen.err)
    assert.same({ TOKEN, TOKEN, TOKEN, TOKEN, TOKEN }, lab.tokens(server))
    assert.is_nil((seen.out .. seen.err):find(TOKEN:sub(1, 16), 1, true))
  end

  for _, command in ipairs { "wait", "watch" } do
    for _, from in ipairs { "-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0" } do
      it(("serves each poll of a %s from a pipe: %s"):format(command, from), function()
        for _, ending in ipairs { "", "\n", "\r\n" } do
          assert_serves({ command, "--token-file", from }, through_stdin(TOKEN .. ending))
        end
      end)
    end

    it(("serves each poll of a %s from <(command) of a shell"):format(command), function()
      if not child.has("bash") then return pending("bash is not installed") end
      assert_serves({ command }, by_bash(("--token-file <(echo %s)"):format(TOKEN)))
      assert_serves({ command }, by_bash(("--token-file=<(printf %%s %s)"):format(TOKEN)))
      assert_serves({ command }, by_bash(("--token-file /dev/fd/7 7< <(echo %s)"):format(TOKEN)))
      assert_serves({ command }, by_bash(("--token-file /dev/stdin <<< %s"):format(TOKEN)))
    end)
  end

  it("serves each poll of two jobs", function()
    for _, from in ipairs { "-", "/dev/stdin" } do
      local server = lab.replies { "running" }
      local seen = kit.ges({ "wait", "--token-file", from, "--interval", "20ms", "--timeout",
        "300ms", "--endpoint", server:url(), "j", "k" }, through_stdin(TOKEN))
      assert.is_true(#server:requests() > 4, seen.err)
      for _, token in ipairs(lab.tokens(server)) do assert.equal(TOKEN, token) end
    end
  end)

  it("is sent once where it is refused", function()
    for _, from in ipairs { "-", "/dev/stdin" } do
      local server = lab.replies { lab.error(401, "APIG.0307") }
      local seen = kit.ges({ "wait", "--token-file", from, "--endpoint", server:url(), "j" },
        through_stdin(TOKEN))
      assert.equal(4, seen.code, seen.err)
      assert.same({ TOKEN }, lab.tokens(server))
    end
  end)

  it("is missed at the first poll where the command printed nothing", function()
    if not child.has("bash") then return pending("bash is not installed") end
    local server = lab.replies(REPLIES)
    local seen = kit.ges({ "wait", "--endpoint", server:url(), "j" },
      by_bash("--token-file <(false)"))
    assert.equal(4, seen.code)
    assert.matches("the token file /dev/fd/%d+ is empty", seen.err)
    assert.equal(0, server:accepted())
  end)

  describe("on the simulator", function()
    setup(kit.start)
    teardown(kit.stop)

    it("serves the list of the running jobs, and the wait for them", function()
      for _, from in ipairs { "-", "/dev/stdin" } do
        local id = kit.job(1)
        local seen = kit.ges({ "wait", "--running", "--token-file", from, "--interval", "50ms" },
          through_stdin(kit.token))
        assert.equal(0, seen.code, seen.err)
        assert.is_truthy(seen.out:find(id, 1, true), seen.out)
      end
    end)
  end)
end)
