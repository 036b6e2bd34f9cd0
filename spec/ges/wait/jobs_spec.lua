-- Whose jobs a waiting call is for.

local lab = require("lab")
local roster = require("ges.wait.jobs")

describe("ges.wait.jobs", function()
  it("knows what a job names itself, and else what the call names", function()
    local r = roster.new({ project_id = "p", graph_id = "g", token = "t" })
    r:add(nil, nil, "a")
    r:add("p2", nil, "b")
    r:add(nil, "g2", nil)
    assert.equal(3, r.n)
    assert.same({ "p", "g", "a" }, { r:ids(1) })
    assert.same({ "p2", "g", "b" }, { r:ids(2) })
    assert.same({ "p", "g2" }, { r:ids(3) })
  end)

  it("takes a few bytes for a job", function()
    local n, ids = 10000, {}
    for i = 1, n do ids[i] = "job" .. i end
    lab.collect()
    local before, r = collectgarbage("count"), roster.new({ project_id = "p", graph_id = "g" })
    for i = 1, n do r:add(nil, nil, ids[i]) end
    lab.collect()
    local bytes = (collectgarbage("count") - before) * 1024 / n
    assert.equal(n, r.n)
    assert.is_true(bytes < 40, bytes)
  end)
end)
