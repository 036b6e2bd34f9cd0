-- SPDX-License-Identifier: MIT
-- Defects that seeds have found, each as the shortest script that showed it: the laws hold now, and
-- do not with the defect put back (world.faults), so that the script still shows it.

local child = require("child")

local JOB = "{ visible = -1, starts = -1, ends = 1e6, outcome = 'success' }"
local SLOW = "{ visible = -1, starts = -1, ends = 12, outcome = 'success' }"

-- The script's parts that a case does not give.
local PRELUDE = [==[
package.path = "spec/?.lua;" .. package.path
if jit then jit.off() end
local world = require("world.world")
local function call(action)
  for name, value in pairs { does = "call", at = 0, key = "a", client = 1, host = "uv", opts = {},
    jobs = {} } do
    if action[name] == nil then action[name] = value end
  end
  return action
end
local function script(seed, latency, actions, service, for_nothing)
  local of = { seed = seed, actions = actions, stops = {}, jumps = {},
    host = { late = 0, for_nothing = for_nothing or 0 }, service = service or {} }
  of.service.seed, of.service.latency, of.service.flaws = seed, latency, {}
  of.service.token_life = 1e6
  return of
end
local function try(why, of)
  local breach = world.new(world.library(), of):run()
  assert(not breach, breach and breach.law .. ": " .. breach.text)
  for _, fault in ipairs(require("world.faults")) do
    if fault.why == why then
      breach = world.new(world.library({ fault, fault.also }), of):run()
      return io.write(breach and breach.law or "no breach")
    end
  end
  error("no such fault")
end
]==]

local function case(why, law, code)
  local text = child.good(PRELUDE .. ("try(%q, %s)"):format(why, code))
  assert.equal(law, text)
end

describe("what seeds have found", function()
  it("bounds the poll after a login by what is then left of the wait", function()
    case("the poll after a login may last as long as before it", "time", ([[
      script(1, 8, { call { call = "wait_any", key = "a6", jobs = { %s },
        creds = { kind = "password", user = "u1" }, opts = { timeout = 10 } } },
        { outages = { { from = 6, till = 100, kind = "mute" } } })]]):format(JOB))
  end)

  it("ends with the last poll, also for jobs whose turn never comes", function()
    case("jobs whose turn never came hold up the end", "time", ([[
      script(8, 1, { call { call = "wait_all", key = "a2", jobs = { %s, %s, %s, %s, %s },
        opts = { max_rate = 0.6, timeout = 5 } } }, {}, 0.5)]]):format(JOB, JOB, JOB, JOB, JOB))
  end)

  it("keeps to max_rate from the list of the running jobs to the first poll", function()
    case("the first poll after a list keeps to no rate", "max_rate", ([[
      script(7, 0.05, { call { call = "wait_all", running = true, jobs = { %s },
        opts = { max_rate = 1, timeout = 20 } } })]]):format(JOB))
  end)

  it("keeps to max_rate when a request of that list is repeated", function()
    case("the retries of a list keep to no rate", "max_rate", ([[
      script(1, 0.05, { call { call = "wait_all", running = true, jobs = { %s },
        opts = { max_rate = 0.1, timeout = 60 } } },
        { outages = { { from = 0, till = 0.5, kind = "unavailable" } } })]]):format(JOB))
  end)

  it("has one engine, whatever runs while that is made", function()
    case("a finalizer makes a second engine of a client", "one engine", ([[
      script(3, 1, {
        { does = "arm", at = 0, arm = { kind = "touch", name = "engine", after = 1, act = {
          act = "ask",
          call = call { call = "wait", key = "d", host = "plain", jobs = { %s } } } } },
        call { call = "job_status", jobs = { %s } } })]]):format(SLOW, JOB))
  end)

  it("counts the time of an attempt from its start, whatever runs in the middle of that", function()
    case("an attempt is overdue by what ran in the middle of its start", "no answer is lost", ([[
      script(3, 4, {
        call { call = "request", method = "PUT", at = 1, opts = { request_timeout = 6 } },
        { does = "arm", at = 0, arm = { kind = "touch", after = 6, act = { act = "ask",
          call = call { call = "wait", key = "d", host = "plain", jobs = { %s },
            opts = { timeout = 30 } } } } } })]]):format(SLOW))
  end)
end)
