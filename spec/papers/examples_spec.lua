-- The examples run as they stand, against a simulator of their own and against a service that the
-- environment names.

local lab = require("lab")

local interpreter = rawget(_G, "jit") and "5.1 luajit" or "5.4 lua5.4"

-- Runs an example: all it printed, and whether it ended well.
local function run(command, env)
  local words = {}
  for _, name in ipairs { "GES_TOKEN", "GES_ENDPOINT", "GES_REGION", "GES_PROJECT_ID",
    "GES_GRAPH_ID" } do
    words[#words + 1] = ("%s='%s'"):format(name, env and env[name] or "")
  end
  words[#words + 1] = ("sh tools/with.sh %s %s 2>&1; echo $?"):format(interpreter, command)
  local pipe = assert(io.popen(table.concat(words, " ")))
  local text, status = pipe:read("*a"):match("^(.*)\n(%d+)\n$")
  pipe:close()
  assert.equal("0", status, text)
  return text
end

local function says(text, ...)
  for _, piece in ipairs { ... } do
    assert.is_truthy(text:find(piece), ("%s\nhas no '%s'"):format(text, piece))
  end
end

describe("examples", function()
  it("import and wait", function()
    says(run("examples/import_and_wait.lua"), "asking a simulator at http://127", "started %x+",
      " s  running, %d of 3 files", "done in %d s: %d+ lines")
  end)

  it("wait for many", function()
    local text = run("examples/wait_for_many.lua")
    says(text, "job 1 is done, %d left", "is done, 0 left", "do not match the schema",
      "no%-such%-job +ges: not_found: ")
    assert.equal(4, select(2, text:gsub("%x+ +success\n?", "")))
  end)

  it("resume", function()
    says(run("examples/resume.lua"), "timed out after 1 s", "to resume: lua examples/resume",
      "the job has ended: success")
  end)

  describe("against a named service", function()
    local sim, env

    setup(function()
      sim = lab.start()
      env = { GES_TOKEN = sim.demo.token, GES_ENDPOINT = sim.url,
        GES_PROJECT_ID = sim.demo.project_id, GES_GRAPH_ID = lab.graph }
    end)
    teardown(function() lab.stop() end)

    it("wait for the jobs they are given", function()
      local one, two = lab.order { seconds = 0 }, lab.order { seconds = 0, outcome = "failed" }
      local text = run(("examples/wait_for_many.lua %s %s"):format(one, two), env)
      says(text, one .. " +success", two .. " +The data files")
      assert.is_nil(text:find("simulator", 1, true))
      assert.is_nil(text:find(sim.demo.token, 1, true))
    end)

    it("resume what they are given", function()
      local id = lab.order { seconds = 0 }
      says(run("examples/resume.lua " .. id, env), "had already ended: success")
      local line = ("ges-wait-1:%s:%s:%s:1500000000"):format(sim.demo.project_id, lab.graph, id)
      says(run("examples/resume.lua " .. line, env), "the job has ended: success")
    end)
  end)
end)
