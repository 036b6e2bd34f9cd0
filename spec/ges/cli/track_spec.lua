-- ges.cli.track: what is known of each job of a wait, and how many are done.

local track = require "ges.cli.track"

local screen = { safe = function(_, text) return text end }

local function event(kind, index, more)
  local made = { type = kind, index = index, attempt = 1, elapsed = 0 }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

describe("ges.cli.track", function()
  it("counts a job whose wait has failed as done, whatever its last status was", function()
    local t = track.new(screen, { "a", "b", "c" })
    t:event(event("poll", 1, { job = { job_id = "a", status = "running" } }))
    assert.equal("0 of 3 done, 2 not answered yet, 1 running", (t:total()))
    t:event(event("done", 1, { err = "timed out", info = { kind = "deadline" } }))
    t:event(event("done", 2, { err = "no", info = { kind = "argument" } }))
    assert.equal("2 of 3 done, 1 not answered yet", (t:total()))
    local words = {}
    for i, job in ipairs(t.jobs) do words[i] = t:word(job) end
    assert.same({ "deadline", "argument", "no answer yet" }, words)
  end)
end)
