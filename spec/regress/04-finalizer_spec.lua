-- A finalizer of the script may run while options are read, and call the same client: neither
-- request may end up with the other's token.
local core = require("ges.core")
local wire = require("wire")

describe("a finalizer that calls the client", function()
  it("does not mix two requests", function()
    local server = wire.serve({
      { "request", { send = wire.reply(200, '{"status":"success"}') }, { again = true } },
      loop = true,
    })
    finally(function() server:close() end)
    local client = core.client()
    local function ask(name)
      return client:job_status({
        endpoint = server:url(), project_id = name, graph_id = name, job_id = name,
        token = "token-of-" .. name, no_proxy = name .. math.random(),
      })
    end
    local finalized = 0
    local function arm()
      local function gc()
        finalized = finalized + 1
        ask("other")
      end
      if newproxy then
        getmetatable(newproxy(true)).__gc = gc
      else
        setmetatable({}, { __gc = gc })
      end
    end
    local pause = collectgarbage("setpause", 0)
    for _ = 1, 3000 do
      arm()
      assert(ask("mine"))
      if finalized > 30 then break end
    end
    collectgarbage("setpause", pause)
    assert.is_true(finalized > 0)
    for _, request in ipairs(server:requests()) do
      local name = request:match("^GET /v2/(%w+)/")
      assert.is_truthy(request:find("X-Auth-Token: token-of-" .. name .. "\r\n", 1, true))
    end
  end)
end)
