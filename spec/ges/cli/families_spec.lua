-- A token from a variable of one family goes with a project from a variable of any: in the command
-- and in a script, for each pair of variables. And a project's name never goes with a token.

local env = require "ges.credentials.env"
local ges = require "ges"
local lab = require "lab"
local pty = require "pty"

local TOKENS = { "GES_TOKEN", "HW_AUTH_TOKEN", "OS_AUTH_TOKEN" }
local IDS = { "HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID" }
local NAMES = { "HW_PROJECT_NAME", "OS_PROJECT_NAME", "OS_TENANT_NAME" }

-- Copies of a table of variables with one more.
local function with(variables, name, value)
  local all = { [name] = value }
  for other, text in pairs(variables) do all[other] = text end
  return all
end

describe("a token and a project of two families", function()
  local server

  before_each(function()
    server = lab.replies { "success" }
  end)
  after_each(lab.cleanup)

  local function command(args, variables)
    local own = with(variables, "GES_ENDPOINT", server:url())
    own.GES_GRAPH_ID, own.GES_NO_PROXY = "g", "*"
    return pty.run(args, { env = own })
  end

  -- The last request has this token and this project.
  local function check(token, project, what)
    local list = server:requests()
    local text = assert(list[#list], what .. ": nothing was sent")
    assert.truthy(text:find("GET /v2/" .. project .. "/graphs/", 1, true), what .. ": " .. text)
    assert.truthy(text:find("\r\nX-Auth-Token: " .. token .. "\r\n", 1, true), what .. ": " .. text)
  end

  -- Calls `take` with a token's variable, a project's variable and a value of their own for each.
  local function each_pair(ids, take)
    for t, token in ipairs(TOKENS) do
      for p, id in ipairs(ids) do
        take(token, id, ("token-%d-%d"):format(t, p), ("project-%d-%d"):format(t, p))
      end
    end
  end

  it("are those of the table of variables", function()
    assert.same({ TOKENS, IDS, NAMES },
      { env.names.token, env.names.project_id, env.names.project })
  end)

  it("are used by the command", function()
    local ids = { "GES_PROJECT_ID" }
    for _, name in ipairs(IDS) do ids[#ids + 1] = name end
    each_pair(ids, function(token, id, text, project)
      for _, name in ipairs { "status", "wait" } do
        local seen = command({ name, "j" }, { [token] = text, [id] = project })
        assert.equal(0, seen.code, token .. " with " .. id .. ": " .. seen.err)
        check(text, project, token .. " with " .. id)
      end
    end)
  end)

  it("are used by a script", function()
    each_pair(IDS, function(token, id, text, project)
      local variables = { [token] = text, [id] = project }
      assert(ges.job_status { endpoint = server:url(), graph_id = "g", job_id = "j",
        credentials = ges.credentials.env(function(name) return variables[name] end) })
      check(text, project, token .. " with " .. id)
    end)
  end)

  it("are used with a token from a file", function()
    local file = os.tmpname()
    local out = assert(io.open(file, "w"))
    out:write("token-of-file\n")
    out:close()
    os.execute("chmod 600 " .. file)
    for _, id in ipairs(IDS) do
      local seen = command({ "status", "--token-file", file, "j" }, { [id] = "project-of-file" })
      assert.equal(0, seen.code, id .. ": " .. seen.err)
      check("token-of-file", "project-of-file", id)
    end
    os.remove(file)
  end)

  it("count in their order", function()
    local variables = {}
    for n = #TOKENS, 1, -1 do
      variables = with(variables, TOKENS[n], "token-" .. n)
      for m = #IDS, 1, -1 do
        local own = with(variables, IDS[m], "project-" .. m)
        for k = m + 1, #IDS do own[IDS[k]] = "project-" .. k end
        local seen = command({ "status", "j" }, own)
        assert.equal(0, seen.code, seen.err)
        check("token-" .. n, "project-" .. m, "the first")
        own.GES_PROJECT_ID = "project-of-ges"
        command({ "status", "j" }, own)
        check("token-" .. n, "project-of-ges", "the command's own")
      end
    end
  end)

  it("that is a name send nothing", function()
    each_pair(NAMES, function(token, name, text)
      local seen = command({ "status", "j" }, { [token] = text, [name] = "project-name" })
      assert.truthy(seen.code == 2 or seen.code == 4, token .. ", " .. name .. ": " .. seen.code)
      assert.truthy(seen.err:find("project", 1, true), seen.err)
    end)
    assert.equal(0, server:accepted())
  end)
end)
