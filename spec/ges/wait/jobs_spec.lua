-- Whose jobs a waiting call is for.

local core = require("ges.core")
local jobs = require("ges.wait.jobs")
local lab = require("lab")

-- The jobs of a call that names a project and a graph for all.
local function jobs_of(entries)
  local request, settings = core.prepare("ges.wait_all", 1, {
    endpoint = "e", project_id = "p", graph_id = "g", token = "t", jobs = entries,
  })
  return jobs.new(request, settings.jobs)
end

describe("ges.wait.jobs", function()
  it("knows what a job names itself, and else what the call names", function()
    local r = jobs_of { { job_id = "a" }, { project_id = "p2", job_id = "b" },
      { graph_id = "g2", job_id = "c" } }
    assert.equal(3, r.n)
    assert.same({ "p", "g", "a" }, { r:ids(1) })
    assert.same({ "p2", "g", "b" }, { r:ids(2) })
    assert.same({ "p", "g2", "c" }, { r:ids(3) })
  end)

  it("is the request's own job, without a list", function()
    local request = core.prepare("ges.wait", 1, {
      endpoint = "e", project_id = "p", graph_id = "g", job_id = "j", token = "t",
    })
    local r = jobs.new(request)
    assert.equal(1, r.n)
    assert.same({ "p", "g", "j" }, { r:ids(1) })
  end)

  it("takes a few bytes for a job", function()
    local n, entries = 10000, {}
    for i = 1, n do entries[i] = { job_id = "job" .. i } end
    lab.collect()
    local before, r = collectgarbage("count"), jobs_of(entries)
    lab.collect()
    local bytes = (collectgarbage("count") - before) * 1024 / n
    assert.equal(n, r.n)
    assert.is_true(bytes < 40, bytes)
  end)
end)
