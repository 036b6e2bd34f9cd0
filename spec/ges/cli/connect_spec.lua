-- ges.cli.connect: what is left of the time of a wait when its jobs have been listed.

local client = require "ges.client"
local connect = require "ges.cli.connect"
local core = require "ges.core"

local running = client.running

-- The timeout of the options after a list that took so many seconds, and found these jobs.
local function left(timeout, elapsed, jobs, err)
  client.running = function()
    return jobs, err, { elapsed = elapsed, attempts = 1, kind = err and "deadline" }
  end
  local opts = { jobs = "running", timeout = timeout }
  local ctx = { values = {}, flags = {} }
  assert.equal(jobs, (connect.running(ctx, opts, function() end)))
  return opts.timeout
end

describe("ges.cli.connect.running", function()
  after_each(function() client.running = running end)

  it("takes the time of the list off the time of the wait", function()
    assert.equal(7, left(10, 3, {}))
    assert.equal(core.defaults.wait_timeout - 3, left(nil, 3, {}))
  end)

  it("leaves a moment where the list took all of it: 0 would ask once", function()
    for _, elapsed in ipairs { 10, 11, 1e6 } do
      local timeout = left(10, elapsed, {})
      assert.is_true(timeout > 0 and timeout <= 0.01, timeout)
    end
  end)

  it("leaves the 0 that asks once, and the time of a list that failed", function()
    assert.equal(0, left(0, 3, {}))
    assert.equal(10, left(10, 10, nil, "ges: deadline: x"))
  end)
end)
