-- SPDX-License-Identifier: MIT
-- How the Lua blocks of README.md, of doc/api.md, doc/from-the-sdks.md and doc/simulator.md and of
-- ges(3) are run: in a process of their own, with a job of the simulator put in. Owns nothing. For
-- spec/papers/blocks_spec.lua.

local assert = require("luassert")
local site = require("papers_site")

local lua = {}

local function run(code, env)
  local interpreter = ("sh %s/tools/with.sh %s %s"):format(site.top, site.abi, site.lua)
  return site.good(code, { shell = interpreter, env = env or { GES_TOKEN = site.token } })
end

local function example(block, env)
  local code, count = block.code:gsub('job_id = "[^"]*"', ('job_id = "%s"'):format(site.job()))
  assert.equal(1, count)
  assert.is_truthy(run(code, env):find("success", 1, true))
end

-- What the SDKs read, and nothing else.
local function sdk_variables()
  return { HUAWEICLOUD_SDK_AK = site.ak, HUAWEICLOUD_SDK_SK = site.sk,
    HUAWEICLOUD_SDK_PROJECT_ID = site.project }
end

local function as_the_sdks(block)
  example(block, sdk_variables())
end

local function import(block)
  local code, count = block.code:gsub('  method = "POST",',
    '  headers = { ["X-Sim-Seconds"] = "0" },%0')
  assert.equal(1, count)
  assert.equal("success", (run(code, sdk_variables())))
end

local function synopsis(block)
  local ids = ("region = %q, project_id = %q, graph_id = %q, job_id = %q"):format("cn-north-4",
    site.project, site.graph, site.job())
  local code, count = block.code:gsub("%.%.%.", ids)
  assert.equal(1, count)
  assert.equal("success 1", (run(code .. "print(job and job.status or err, info.attempts)")
    :gsub("\t", " ")))
end

-- A spec of its reader's, with busted.
local function reader_spec(block)
  site.write(site.here .. "/import_spec.lua", block.code)
  local text = site.good(("sh %s/tools/with.sh %s busted --lua=$(command -v %s) -o TAP -p _spec %s")
    :format(site.top, site.abi, site.lua, "import_spec.lua"))
  assert.is_nil(text:find("not ok", 1, true), text)
  local _, count = ("\n" .. text):gsub("\nok ", "")
  assert.equal(4, count)
end

-- A world of the reader's: it has what it was given.
local function own_world(block)
  assert.equal("0a1b2c3d4e5f60718293a4b5c6d7e8f9 t ci AK", run(block.code .. [[
    local demo = sim.demo
    print(demo.project_id .. " " .. demo.token .. " " .. demo.user .. " " .. demo.ak)
    sim:stop()]]))
end

-- As in papers_shell.
lua.blocks = {
  { "README.md", "In a script", example, "local" },
  { "doc/api.md", "Waiting", example },
  { "doc/from-the-sdks.md", "From the SDKs, KooCLI or Terraform", as_the_sdks, "local" },
  { "doc/from-the-sdks.md", "Any other call", import },
  { "doc/simulator.md", "In your tests", reader_spec, "-- import_spec.lua" },
  { "doc/simulator.md", "In your tests", own_world, "local sim" },
  { "doc/man/ges.3", "SYNOPSIS", synopsis },
  { "doc/man/ges.3", "WAITING", example },
}

lua.commands = {}

return lua
