-- ges.cli.resume and program: the command that is shown to go on is the one that goes on.

local args = require "ges.cli.args"
local kit = require "cli_kit"
local program = require "ges.cli.program"
local pty = require "pty"
local resume = require "ges.cli.resume"

local commands = { (require "ges.cli.wait"), (require "ges.cli.watch") }

local function request(words, env)
  local made, why = args.read(words, commands, function(name) return env and env[name] end)
  assert.is_truthy(made, why)
  return made
end

local function command(words, open, env)
  return resume.command(request(words, env), open)
end

describe("ges.cli.resume", function()
  it("keeps the options and leaves out the jobs that are over", function()
    assert.equal("ges wait --graph g --timeout 5m -o json b", command({ "-o", "json", "wait", "a",
      "--graph=g", "b", "--timeout", "5m" }, { "b" }))
    assert.equal("ges watch --graph 'a b' j", command({ "watch", "--graph-id", "a b", "j" },
      { "j" }))
  end)

  it("does not take the value of an option for a job", function()
    assert.equal("ges wait --graph g j", command({ "wait", "--graph", "g", "g", "j" }, { "j" }))
    assert.equal("ges wait --graph g g", command({ "wait", "--graph", "g", "g", "j" }, { "g" }))
  end)

  it("keeps a job that looks like an option a job", function()
    assert.equal("ges wait -- -o", command({ "wait", "--", "-o" }, { "-o" }))
    assert.equal("ges wait j", command({ "wait", "--", "-o", "j" }, { "j" }))
  end)

  it("says what came from the environment, but for the looks and for what a flag silenced",
    function()
      local env = { GES_REGION = "r", GES_CLOUD = "c", GES_GRAPH_ID = "g", GES_CA_FILE = "/a b",
        GES_TIMEOUT = "1h30m", GES_NO_VERIFY = "1", GES_INSECURE_HTTP = "0", GES_OUTPUT = "tsv",
        GES_QUIET = "1" }
      assert.equal("ges wait --endpoint http://x --graph g --timeout 1h30m --ca-file '/a b' "
        .. "--no-verify -v j", command({ "wait", "--endpoint", "http://x", "-v", "j" }, { "j" },
        env))
    end)

  it("asks for a token again that came through a pipe", function()
    for _, file in ipairs { "-", "/dev/stdin", "/dev/fd/63", "/proc/self/fd/11" } do
      local made = request { "wait", "--token-file", file, "j" }
      assert.equal("the job continues on the server; to resume, with the token on stdin: "
        .. "ges wait --token-file - j", resume.text(made, { "j" }, true))
    end
    local made = request { "wait", "--token-file", "/run/token", "j", "k" }
    assert.equal("2 jobs continue on the server; to resume: ges wait --token-file /run/token j k",
      resume.text(made, { "j", "k" }, true))
  end)

  it("does not say that a job runs which was never seen to", function()
    local made = request { "wait", "j", "k", "l" }
    assert.equal("the job may still be running on the server; to resume: ges wait j",
      resume.text(made, { "j" }, false))
    assert.equal("2 jobs may still be running on the server; 1 other job did not succeed; to "
      .. "resume: ges wait j k l", resume.text(made, { "j", "l" }, false, { "j", "k", "l" }))
    assert.equal("the job continues on the server; 2 other jobs did not succeed; to resume: "
      .. "ges wait j k l", resume.text(made, { "j" }, true, { "j", "k", "l" }))
  end)
end)

describe("the command that goes on", function()
  local top

  local function sh(line)
    assert.equal(0, pty.run({ "-c", line }, { program = { "/bin/sh" } }).code)
  end

  -- A command that can be found by its name, for the interpreter that runs this.
  setup(function()
    kit.start()
    top = os.tmpname()
    os.remove(top)
    sh(("mkdir %s && { echo '#!/usr/bin/env %s'; tail -n +2 %s/bin/ges; } >%s/ges && chmod 755 "
      .. "%s/ges"):format(top, pty.lua, pty.top, top, top))
  end)
  teardown(function()
    kit.stop()
    sh("rm -r " .. top)
  end)

  local function words(argv, path)
    return program.words(argv, function(name) return name == "PATH" and path or nil end)
  end

  it("has the name that leads there", function()
    local script = top .. "/ges"
    assert.equal("ges", words({ [0] = script, [-1] = pty.lua }, "/no/such:" .. top .. ":/bin"))
    assert.equal(script, words({ [0] = script, [-1] = pty.lua }, "/bin"))
    assert.equal(script, words({ [0] = script, [-1] = "/opt/" .. pty.lua }, nil))
    assert.equal("lua5.9 " .. script, words({ [0] = script, [-1] = "-W", [-2] = "lua5.9" }, "/bin"))
    assert.equal("lua ges", words({ [0] = "ges", [-1] = "lua" }, "/bin"))
    assert.equal("ges", words({}, "/bin"))
  end)

  it("goes on when it is pasted", function()
    if not pty.available() then
      return pending("no pseudo-terminals here: /dev/pts is not mounted")
    end
    local lua = pty.lua .. " " .. pty.top .. "/bin/ges"
    local ways = { ["ges"] = "PATH=" .. top .. ":$PATH", [top .. "/ges"] = ":", [lua] = ":" }
    for name, first in pairs(ways) do
      local env = kit.env { LUA_PATH = os.getenv "LUA_PATH", LUA_CPATH = os.getenv "LUA_CPATH" }
      local function run(line)
        return pty.on_terminal({ "-c", first .. "; " .. line }, { program = { "/bin/sh" },
          env = env })
      end
      local id = kit.job(1.5)
      local seen = run(name .. " wait --timeout 0 " .. id)
      local again = pty.screen(seen.tty)
      again = again[#again]:match("to resume: (.*)$")
      assert.equal(name, again:match("^(.*) wait "))
      for variable in pairs(env) do
        if variable:find("^GES_") and variable ~= "GES_TOKEN" then env[variable] = nil end
      end
      seen = run((again:gsub("%-%-timeout 0", "--timeout 50s")))
      assert.equal(0, seen.code, seen.tty)
      assert.matches("success", seen.tty)
    end
  end)
end)
