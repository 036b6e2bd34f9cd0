-- The poller of macOS and the BSDs, compiled here and run on a made-up kqueue: a child of fork must
-- forget the descriptor's number, which a kqueue does not hand down, and not close another's file.

local child = require("child")

describe("regress: a kqueue", function()
  it("is forgotten by a child of fork, and closed by its own process", function()
    local program = os.tmpname()
    local said, code = child.shell(("cc -U__linux__ -D_DEFAULT_SOURCE -std=c11"
      .. " -Ispec/support/kqueue -o %s spec/support/kqueue.c "
      .. "src/engine/poller.c src/engine/poller_kqueue.c -lm")
      :format(program))
    assert.equal(0, code, said)
    said, code = child.shell(program)
    os.remove(program)
    assert.equal("well", said)
    assert.equal(0, code)
  end)
end)
