-- ges.cli.record: which fields a failure has in what the command writes, and its reason in a table.

local output = require "ges.cli.output"
local record = require "ges.cli.record"

local IDS = { project_id = "p", graph_id = "g", job_id = "j" }

local INFO = { kind = "throttled", code = "APIG.0308", http_status = 429, request_id = "r-1",
  authorization_message = "a", retryable = true, retry_after = 7.5, attempts = 2, elapsed = 1.25,
  message = "too many" }

describe("the record of a failure", function()
  it("has all that is said of it, and the seconds to wait", function()
    local expected = { message = "too many", kind = "throttled", code = "APIG.0308",
      http_status = 429, request_id = "r-1", authorization_message = "a", retryable = true,
      retry_after = 7.5 }
    assert.same(expected, record.new(IDS, nil, "ges: throttled: too many", INFO, 6).error)
    local event = { type = "retry", err = "ges: throttled: too many", info = INFO }
    assert.same(expected, record.event(IDS, event, "now").error)
  end)

  it("says in a table why a job could not be asked about", function()
    local made = record.new(IDS, nil, "ges: throttled: too many", INFO, 6)
    assert.equal("too many", record.message(made))
    local screen = { safe = function(_, text) return text end, mark = "...", size = function() end }
    local text = output.form("tsv").records(screen, { made }, false, false)
    assert.truthy(text:find("\ttoo many", 1, true), text)
  end)
end)
