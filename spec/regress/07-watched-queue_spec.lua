-- A loop that watches the descriptor has to wake up for a call that waits behind one that has
-- failed at once: nothing else would wake it up before the deadline of the second.

local core = require("ges.core")
local wire = require("wire")

describe("a call queued behind one that fails", function()
  it("is admitted as soon as that one is over", function()
    local server = wire.serve({})
    local endpoint = server:url()
    server:close() -- without a listener now
    local client = core.engine()
    finally(function() client:close() end)
    local fd = client:fd()
    for i = 1, 3 do
      assert(client:start({ endpoint = endpoint, project_id = "p", graph_id = "g",
        job_id = "j" .. i, token = "some-token", request_timeout = 30 }))
    end
    local began, over = core.now(), 0
    while over < 3 do
      assert.is_true(core.epwait(fd, 10000), "it does not wake up for " .. 3 - over .. " calls")
      client:step(0)
      local id, _, _, info = client:poll()
      while id do
        assert.equal("connect", info.kind)
        over = over + 1
        id, _, _, info = client:poll()
      end
    end
    assert.is_true(core.now() - began < 15)
  end)
end)
