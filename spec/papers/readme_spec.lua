-- README.md: every Lua example in it runs, against the simulator; its options, defaults and kinds
-- are those that there are.
local core = require("ges.core")
local simserver = require("ges.sim.server")

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function examples(text)
  local found = {}
  for code in text:gmatch("```lua\n(.-)```") do found[#found + 1] = code end
  return found
end

-- Puts the simulator's own place, project and a job of its own into the text of an example.
local function at_home(code, server, job_id)
  local demo = server.demo
  code = code:gsub('region = "[^"]*"', ("endpoint = %q"):format(server.url))
  code = code:gsub('project_id = "[^"]*"', ("project_id = %q"):format(demo.project_id))
  code = code:gsub('job_id = "[^"]*"', ("job_id = %q"):format(job_id))
  return code:gsub('os%.getenv%("GES_TOKEN"%)', ("%q"):format(demo.token))
end

-- Runs an example with another print; returns what it printed.
local function run(code)
  local lines = {}
  local env = setmetatable({
    print = function(...)
      local parts = {}
      for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
      lines[#lines + 1] = table.concat(parts, " ")
    end,
  }, { __index = _G })
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadstring(code, "=README")), env)
  else
    chunk = assert(load(code, "=README", "t", env))
  end
  chunk()
  return lines
end

describe("README.md", function()
  local server, text

  setup(function()
    server = assert(simserver.start({}))
    text = read("README.md")
  end)

  teardown(function() server:stop() end)

  local function start_job()
    local ges = require("ges")
    local project = server.demo.project_id
    local response = assert(ges.request({
      endpoint = server.url, token = server.demo.token, method = "POST",
      path = "/v2/" .. project .. "/graphs/f1529b88-c958-493e-8452-fccfe932cde1/import-graph",
      headers = { ["X-Sim-Seconds"] = "0.5" },
      body = { edgeset_path = "b/e.csv", vertexset_path = "b/v.csv", schema_path = "b/s.xml",
        edgeset_format = "csv", vertexset_format = "csv", log_dir = "b/log" },
    }))
    return response.json.job_id
  end

  it("has examples that run", function()
    local all = examples(text)
    assert.is_true(#all >= 2)
    for _, code in ipairs(all) do
      local lines = run((at_home(code, server, start_job())))
      assert.matches("success", table.concat(lines, "\n"))
    end
  end)

  it("has only options that there are, with their defaults", function()
    local known, count = {}, 0
    for _, option in ipairs(core.options()) do known[option.name] = option end
    local rows = text:match("\n| option |.-\n\n")
    for names, defaults in rows:gmatch("\n| ([^|]*`[^|]*) | ([^|]*) |") do
      for name in names:gmatch("`([^`]+)`") do
        local option = assert(known[name], name)
        local default = type(option.default) == "number" and option.default
        if default and defaults:find("%d") then
          local shown = default >= 1048576 and ("%d MiB"):format(default / 1048576) or default
          assert.matches("%f[%w]" .. shown .. "%f[^%w]", defaults, nil, nil, name)
          count = count + 1
        end
      end
    end
    assert.is_true(count >= 5)
  end)

  it("names every kind, as do the annotations", function()
    local types = read("lua/ges/types.lua"):match("@alias ges%.Kind\n(.-)\n\n")
    for kind in pairs(core.kinds) do
      if kind ~= "memory" then
        assert.is_truthy(text:find("`" .. kind .. "`", 1, true), "README lacks " .. kind)
        assert.is_truthy(types:find('"' .. kind .. '"', 1, true), "types.lua lacks " .. kind)
      end
    end
    for kind in types:gmatch('"([%l_]+)"') do assert.is_truthy(core.kinds[kind], kind) end
  end)

  it("is of one mind with the table of kinds: what is tried again", function()
    local rows = text:match("| kind | when | tried again |\n(.-)\n\n")
    for kind, about in pairs(core.kinds) do
      local again = kind ~= "memory" and rows:match("`" .. kind .. "`[^\n]*|([^|\n]*)|\n")
      if again then
        local says_so = again:find("^ yes") or again:find("^ at most")
        assert.equal(about.retryable, says_so ~= nil, kind)
      end
    end
  end)
end)

describe("doc/ges.txt", function()
  it("names only options that there are, with the default of a wait", function()
    local known = {}
    for _, option in ipairs(core.options()) do known[option.name] = true end
    local list = read("doc/ges.txt"):match("matter most:\n\n(.-)\n\n")
    local count = 0
    for names in ("\n" .. list):gmatch("\n    (`[^\n]-)  ") do
      for name in names:gmatch("`([%l_]+)`") do
        assert.is_truthy(known[name], name)
        count = count + 1
      end
    end
    assert.is_true(count >= 10)
    assert.is_truthy(list:find("a wait's default is " .. core.defaults.wait_timeout, 1, true))
  end)
end)
