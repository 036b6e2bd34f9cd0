-- A finalizer of the script may close a client while its result is being built or its options are
-- read: what was being read from had been freed by then.

local core = require("ges.core")
local wire = require("wire")

describe("a finalizer that closes the client", function()
  it("ends no sooner than what is being built or read", function()
    local server = wire.serve({
      { "request", { send = wire.reply(200, '{"status":"success","x":[[],[],[],{}]}') },
        { again = true } },
      loop = true,
    })
    finally(function() server:close() end)
    local client
    local function arm()
      local function gc() client:close() end
      if newproxy then
        getmetatable(newproxy(true)).__gc = gc
      else
        setmetatable({}, { __gc = gc })
      end
    end
    local function ask(i)
      local opts = { endpoint = server:url(), ak = "the-access-key", sk = "the-secret-key" }
      if i % 2 == 0 then
        opts.path, opts.query, opts.headers = "/x", { a = 1, b = { 1, 2, 3 } }, { ["X-A"] = "b" }
        return client:start(opts)
      end
      opts.project_id, opts.graph_id, opts.job_id = "p", "g", "j"
      local job, err = client:job_status(opts)
      return assert(job, err)
    end
    local pause = collectgarbage("setpause", 0)
    local closed = 0
    for i = 1, 3000 do
      client = core.client()
      for _ = 1, 10 do arm() end
      for k = 1, i * 7 % 101 do local _ = "some garbage " .. k .. i end
      local ok, err = pcall(ask, i)
      if tostring(client) == "ges.client (closed)" then closed = closed + 1 end
      assert(ok or tostring(err):find("attempt to use a closed ges.client", 1, true), err)
      if closed > 60 then break end
    end
    collectgarbage("setpause", pause)
    assert.is_true(closed > 0, closed)
  end)
end)
