-- One request to see whether a service answers: what it takes for an answer, and when it gives up.

local lab = require("lab")
local probe = require("ges.util.probe")

-- Waits for as long as it takes.
local function patiently(is_over)
  while not is_over(0.1) do end
end

describe("ges.util.probe", function()
  after_each(lab.cleanup)

  it("takes any answer for one, without credentials", function()
    for status, kind in pairs { [200] = false, [401] = "auth", [503] = "unavailable" } do
      local date = { Date = "Tue, 27 Nov 2018 21:39:00 GMT" }
      local server = lab.replies { { status, "{}", date } }
      local found = probe.ask({ endpoint = server:url() }, patiently)
      assert.equal(status, found.status)
      assert.equal(date.Date, found.date)
      assert.equal(kind or nil, found.info.kind)
      assert.equal(server:url(), found.endpoint)
      assert.same({}, lab.tokens(server))
      lab.eventually(function() return server:open() == 0 end)
    end
  end)

  it("says that there is none when it is not waited for", function()
    local server, calls = lab.silent(), 0
    local found = probe.ask({ endpoint = server:url() }, function(is_over)
      while calls < 2 do
        calls = calls + 1
        assert.is_false(is_over(0))
      end
    end)
    assert.equal("no answer", found.err)
    assert.is_nil(found.status)
    assert.equal(server:url(), found.endpoint)
    lab.eventually(function() return server:open() == 0 end)
  end)

  it("is bounded by its limit, else by request_timeout", function()
    local server = lab.silent()
    for _, limit in ipairs { 0.2, false } do
      local found = probe.ask({ endpoint = server:url(), request_timeout = limit and 60 or 0.2 },
        patiently, limit or nil)
      assert.equal("timeout", found.info.kind)
      assert.is_nil(found.status)
    end
  end)

  it("asks nothing for what names no endpoint", function()
    local function never() error("it has asked") end
    assert.equal("argument", probe.ask({ region = "Mars" }, never).info.kind)
    local found = probe.ask({ endpoint = "ftp://127.0.0.1" }, never)
    assert.is_truthy(found.err:find("endpoint", 1, true))
    assert.equal("argument", found.info.kind)
  end)
end)
