-- Failures whose words said something else than what happened: a header line that libcurl has no
-- room for was "Out of memory", and a process without descriptors "Couldn't connect".

local child = require("child")
local kit = require("core_kit")
local tls = require("tls_lab")
local wire = require("wire")

describe("regress: a header line that is too long", function()
  after_each(kit.cleanup)

  it("is protocol, and the message says what was too large", function()
    local function too_large(server)
      local err, info = kit.fails("protocol", server)
      local text = "the response headers are larger than 100 KiB in one line"
      assert.is_truthy(err:find(text, 1, true), err)
      assert.is_nil(err:find("memory", 1, true), err)
      assert.equal(1, info.attempts)
    end
    for _, n in ipairs { 102400, 110000, 200000, 1000000 } do
      local line = "HTTP/1.1 200 OK\r\nX: " .. ("y"):rep(n)
      too_large(kit.replying(200, kit.running, { X = ("y"):rep(n) }))
      too_large(kit.after_request(line, { close = true }))
      too_large(kit.after_request("HTTP/1.1 200 OK\r\n" .. ("y"):rep(n) .. ": x\r\n\r\n{}"))
      kit.cleanup()
    end
    assert(kit.ask(kit.replying(200, kit.running, { X = ("y"):rep(100000) })))
  end)

  it("is another failure than all of them being too many", function()
    local headers = {}
    for i = 1, 300 do headers[i] = ("X-%d: %s"):format(i, ("y"):rep(1000)) end
    local err = kit.fails("protocol", kit.replying(200, kit.running, headers))
    assert.is_truthy(err:find("the response headers are larger than 256 KiB", 1, true), err)
  end)
end)

describe("regress: without descriptors", function()
  setup(tls.start)
  teardown(tls.cleanup)

  -- Asks while but `free` descriptors are left: the line that `say` prints.
  local function asked(free, endpoint, ca_file)
    local text = child.good(child.prelude .. ([[
      local client, held = core.engine(), {}
      local opts = options(%q, { ca_file = %q })
      local file
      repeat
        file = io.open("/dev/null")
        held[#held + 1] = file
      until not file
      for _ = 1, %d do table.remove(held):close() end
      local job, err, info = client:job_status(opts)
      for _, file in ipairs(held) do file:close() end
      say("asked", job, err, info)]]):format(endpoint, ca_file, free),
      { limits = "ulimit -n 64;" })
    return child.outcomes(text).asked
  end

  for _, case in ipairs { { "connect", 0, "http://127.0.0.1:9" },
    { "dns", 0, "http://ges.no-such-name.invalid" }, { "dns", 2, "http://ges.no-such.invalid" },
    { "tls", 1, "https" } } do
    it(("that is what a failure of kind %s says, %d being left"):format(case[1], case[2]),
      function()
        local endpoint = case[3] == "https" and tls.url("good") or case[3]
        local said = asked(case[2], endpoint, tls.path("root.pem"))
        assert.equal(case[1], said.what, said.err)
        assert.is_truthy(said.err:find("no file descriptors left", 1, true), said.err)
        assert.is_truthy(said.err:find("ulimit -n", 1, true), said.err)
      end)
  end

  it("and no other failure does", function()
    local server = wire.serve {}
    local url = server:url()
    server:close()
    for free = 1, 6 do
      local said = asked(free, url, tls.path("root.pem"))
      assert.equal("connect", said.what, said.err)
      assert.is_nil(said.err:find("descriptors", 1, true), said.err)
    end
  end)
end)
