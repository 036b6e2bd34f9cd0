-- What job tables mean: outcomes, times, sums and reasons.

local job_of = require("ges.job")

local function file(status, total, failed, good, cause)
  return {
    path = "bucket/" .. tostring(status), status = status, cause = cause,
    total_lines = total, failed_lines = failed, successful_lines = good,
  }
end

local function job(status, vertices, edges)
  return {
    status = status,
    job_detail = { schema_path = {}, edgeset_path = edges or {}, vertexset_path = vertices or {} },
  }
end

local function begin_at(text)
  return job_of.summary({ status = "success", begin_time = text }).begin_at
end

describe("ges.job outcome", function()
  it("maps every documented word", function()
    local expected = {
      pending = "pending", running = "pending", waiting = "pending",
      success = "success", partiallyFailed = "partial", failed = "failed",
    }
    for word, outcome in pairs(expected) do
      assert.equal(outcome, job_of.outcome({ status = word }), word)
    end
  end)

  it("compares exactly and calls everything else unknown", function()
    for _, word in ipairs({ "SUCCESS", "success ", "", "complete", "partFailed", "Failed" }) do
      assert.equal("unknown", job_of.outcome({ status = word }), word)
    end
    assert.equal("unknown", job_of.outcome({}))
  end)

  it("calls a success with an imperfect file partial", function()
    assert.equal("success", job_of.outcome(job("success", { file("success", 9, 0, 9) })))
    assert.equal("partial", job_of.outcome(job("success", { file("partFailed") })))
    assert.equal("partial", job_of.outcome(job("success", { file("failed") })))
    assert.equal("partial", job_of.outcome(job("success", { file("success", 9, 1, 8) })))
    assert.equal("partial",
      job_of.outcome(job("success", { file("success") }, { file("success"), file("failed") })))
  end)

  it("knows the words of files in each of their spellings", function()
    for word, outcome in pairs { Failed = "failed", FAILED = "failed", Success = "success",
      partFailed = "partial", partiallyFailed = "partial", partialFailed = "partial",
      PARTFAILED = "partial" } do
      local j = job("success", { file(word) })
      assert.equal(outcome == "success" and "success" or "partial", job_of.outcome(j), word)
      assert.equal(1, job_of.summary(j).files[outcome], word)
      assert.is_nil(job_of.strange(j))
    end
  end)

  it("names the first word of a file that is not known, of a job that is over", function()
    local j = job("success", { file("success"), file("Skipped") }, { file("odd") })
    assert.equal('job_detail.edgeset_path[1] has the unknown status "odd"', job_of.strange(j))
    assert.equal("success", job_of.outcome(j))
    j.job_detail.edgeset_path = {}
    assert.equal('job_detail.vertexset_path[2] has the unknown status "Skipped"', job_of.strange(j))
    j.status = "running"
    assert.is_nil(job_of.strange(j))
    for _, word in ipairs { "running", "Waiting", "pending", "" } do
      assert.is_nil(job_of.strange(job("failed", { file(word) })))
    end
    assert.is_nil(job_of.strange({ status = "success" }))
    assert.is_nil(job_of.strange({ status = "success" }))
  end)

  it("lets files change nothing but a success", function()
    assert.equal("pending", job_of.outcome(job("running", { file("failed") })))
    assert.equal("failed", job_of.outcome(job("failed", { file("success") })))
    assert.equal("unknown", job_of.outcome(job("odd", { file("failed") })))
  end)

  it("looks into the schema list too", function()
    local j = job("success")
    j.job_detail.schema_path[1] = file("failed")
    assert.equal("partial", job_of.outcome(j))
  end)

  it("takes -1 for an absent count", function()
    assert.equal("success", job_of.outcome(job("success", { file("success", -1, -1, -1) })))
  end)

  it("never throws on an odd job", function()
    local odd = {
      {}, { status = "success", job_detail = {} },
      { status = "success", job_detail = { schema_path = { false, {}, 1 } } },
      { status = "success", job_detail = "text", begin_time = 1, end_time = {} },
      job("success", { file("success", 0 / 0, 0 / 0, 1 / 0) }),
      job("failed", { { cause = 7, path = 8, status = 9 } }),
    }
    for _, j in ipairs(odd) do
      assert.is_string(job_of.outcome(j))
      assert.is_boolean(job_of.terminal(j))
      assert.equal(0, job_of.summary(j).lines.total)
      assert.is_string(job_of.reason(j))
    end
  end)

  it("throws at the caller for what is no job", function()
    for _, name in ipairs({ "outcome", "summary", "terminal", "reason" }) do
      local ok, err = pcall(function() job_of[name]("success") end)
      assert.is_false(ok)
      assert.matches("job_spec.lua:%d+: " .. name .. ": job must be a table, got string", err)
    end
  end)
end)

describe("ges.job terminal", function()
  it("is true for the documented ends only", function()
    for _, word in ipairs({ "success", "partiallyFailed", "failed" }) do
      assert.is_true(job_of.terminal({ status = word }), word)
    end
    for _, word in ipairs({ "pending", "running", "waiting" }) do
      assert.is_false(job_of.terminal({ status = word, end_time = "2018-11-27T21:39:56" }), word)
    end
  end)

  it("lets an end time end an unknown word", function()
    assert.is_false(job_of.terminal({ status = "archived" }))
    assert.is_false(job_of.terminal({ status = "archived", end_time = "" }))
    assert.is_true(job_of.terminal({ status = "archived", end_time = "2018-11-27T21:39:56" }))
  end)
end)

describe("ges.job times", function()
  it("reads both documented forms as UTC", function()
    assert.equal(1543354740, begin_at("2018-11-27T21:39:00"))
    assert.equal(1543354740, begin_at("2018-11-27 21:39:00"))
  end)

  it("tolerates a fraction and a Z", function()
    assert.equal(1543354740, begin_at("2018-11-27T21:39:00Z"))
    assert.equal(1543354740, begin_at("2018-11-27T21:39:00.999"))
    assert.equal(1543354740, begin_at("2018-11-27 21:39:00.123456Z"))
  end)

  it("knows the calendar", function()
    assert.equal(0, begin_at("1970-01-01T00:00:00"))
    assert.equal(-1, begin_at("1969-12-31T23:59:59"))
    assert.equal(951782400, begin_at("2000-02-29T00:00:00"))
    assert.equal(951868800, begin_at("2000-03-01T00:00:00"))
    assert.equal(1709164800, begin_at("2024-02-29T00:00:00"))
    assert.equal(1735689599, begin_at("2024-12-31T23:59:59"))
    assert.equal(4107542400, begin_at("2100-03-01T00:00:00"))
    assert.equal(253402300799, begin_at("9999-12-31T23:59:59"))
  end)

  it("makes every day follow the one before it for two centuries", function()
    local last = begin_at("1899-12-31T00:00:00")
    for year = 1900, 2110 do
      local days = 0
      for month = 1, 12 do
        for day = 1, 31 do
          local at = begin_at(("%04d-%02d-%02dT00:00:00"):format(year, month, day))
          if at then
            assert(at - last == 86400, year)
            last, days = at, days + 1
          end
        end
      end
      local leap = year % 400 == 0 or year % 100 ~= 0 and year % 4 == 0
      assert(days == (leap and 366 or 365), year)
    end
  end)

  it("gives nil for what is no time", function()
    for _, text in ipairs({
      "", " ", "null", "2018-11-27", "2018-11-27T21:39", "2018-11-27t21:39:00",
      "2018-13-01T00:00:00", "2018-00-01T00:00:00", "2018-01-00T00:00:00", "2018-01-32T00:00:00",
      "2018-04-31T00:00:00", "2019-02-29T00:00:00", "1900-02-29T00:00:00", "2100-02-29T00:00:00",
      "2018-11-27T24:00:00", "2018-11-27T21:60:00", "2018-11-27T21:39:60",
      "2018-11-27T21:39:00+08:00", "2018-11-27T21:39:00.", "2018-11-27T21:39:00ZZ",
      "x2018-11-27T21:39:00", "2018-11-27T21:39:00 ", "-018-11-27T21:39:00",
    }) do
      assert.is_nil(begin_at(text), text)
    end
  end)

  it("does not depend on the zone of the machine", function()
    local source = debug.getinfo(job_of.summary, "S").source:gsub("^@", "")
    local file_of = assert(io.open(source))
    local text = file_of:read("*a"):gsub("%-%-[^\n]*", "")
    file_of:close()
    assert.is_nil(text:match("os%."))
  end)

  it("has a duration only when the end is not before the begin", function()
    local function duration(first, last)
      return job_of.summary({ status = "success", begin_time = first, end_time = last }).duration
    end
    assert.equal(56, duration("2018-11-27T21:39:00", "2018-11-27T21:39:56"))
    assert.equal(0, duration("2018-11-27T21:39:00", "2018-11-27 21:39:00"))
    assert.is_nil(duration("2018-11-27T21:39:00", "2018-11-27T21:38:59"))
    assert.is_nil(duration("2018-11-27T21:39:00", nil))
    assert.is_nil(duration(nil, "2018-11-27T21:39:00"))
    assert.is_nil(duration("yesterday", "2018-11-27T21:39:00"))
  end)
end)

describe("ges.job summary", function()
  it("adds up files and lines", function()
    local s = job_of.summary(job("partiallyFailed",
      { file("success", 100, 0, 100), file("partFailed", 50, 5, 45) },
      { file("failed", 10, 10, 0), file("success", 4, 1, 3), file(nil) }))
    assert.same({ total = 5, success = 1, partial = 2, failed = 1 }, s.files)
    assert.same({ total = 164, failed = 16, successful = 148 }, s.lines)
    assert.equal("partial", s.outcome)
    assert.is_true(s.done)
  end)

  it("leaves out counts that were not returned", function()
    local s = job_of.summary(job("success", { file("success", -1, -1, -1), file("success", 7) }))
    assert.same({ total = 7, failed = 0, successful = 0 }, s.lines)
  end)

  it("is all zeros for a job without detail", function()
    local s = job_of.summary({ status = "running" })
    assert.same({
      outcome = "pending", done = false,
      files = { total = 0, success = 0, partial = 0, failed = 0 },
      lines = { total = 0, failed = 0, successful = 0 },
    }, s)
  end)

  it("holds integers where Lua has them", function()
    local kind = rawget(math, "type") or function() return "integer" end
    local j = job("success", { file("success", 12.0, 0.0, 12.0) })
    j.begin_time, j.end_time = "2018-11-27T21:39:00", "2018-11-27T21:39:56"
    local s = job_of.summary(j)
    local values = { s.begin_at, s.end_at, s.duration, s.files.total, s.lines.total,
      s.lines.failed, s.lines.successful }
    assert.equal(7, #values)
    for _, value in ipairs(values) do assert.equal("integer", kind(value)) end
    assert.equal("12", tostring(s.lines.total))
  end)

  it("does not wrap round", function()
    local most = 2 ^ 53
    local s = job_of.summary(job("success", {
      file("success", most), file("success", most), file("success", 1e300),
    }))
    assert.equal(most, s.lines.total)
  end)

  it("leaves the job as it was", function()
    local j = job("success", { file("success", 1.5, -1) })
    local copy = job("success", { file("success", 1.5, -1) })
    job_of.summary(j)
    assert.same(copy, j)
  end)
end)

describe("ges.job reason", function()
  it("is the service's own, unchanged", function()
    assert.equal("disk\nfull", job_of.reason({ status = "failed", fail_reason = "disk\nfull" }))
  end)

  it("is made of what the files say otherwise", function()
    local j = job("failed", {
      file("success", 10, 0, 10), file("failed", 20, 20, 0, "no such object"),
    }, { file("partFailed", 10, 4, 6, "bad edge"), file("failed") })
    assert.equal("2 of 4 files failed; 1 of 4 files failed in part; "
      .. "24 of 40 lines failed; first cause: bad edge (bucket/partFailed)", (job_of.reason(j)))
    j.fail_reason = ""
    assert.matches("^2 of 4", (job_of.reason(j)))
  end)

  it("counts failed lines alone where a file does not say how many it has", function()
    for failed, total in pairs { [5] = false, [7] = 2, [9] = 100 } do
      local j = job("failed", { file("partFailed", nil, failed), total and file("success", total) })
      assert.matches(("; %d lines failed$"):format(failed), (job_of.reason(j)))
    end
  end)

  it("says so when there is none", function()
    assert.equal("the service gave no reason", (job_of.reason({ status = "failed" })))
  end)

  it("does not take a good file's note for a cause", function()
    assert.equal("the service gave no reason",
      (job_of.reason(job("failed", { file("success", 1, 0, 1, "fine") }))))
  end)

  it("as a message says what became of the job, unless the service said why", function()
    assert.equal("job succeeded in part: 1 of 1 files failed in part",
      job_of.complaint(job("success", { file("partFailed") })))
    assert.equal("job failed: the service gave no reason", job_of.complaint { status = "failed" })
    assert.equal("disk full", job_of.complaint { status = "failed", fail_reason = "disk full" })
  end)
end)

describe("ges.job near", function()
  it("finds the word that differs in case", function()
    local function odd(word) return job_of.odd({ status = word }) end
    assert.equal('unknown job status "SUCCESS" (was it meant to be "success"? case matters)',
      odd("SUCCESS"))
    assert.matches('"partiallyFailed"?', odd("partiallyfailed"), 1, true)
    assert.is_nil(odd("success"))
    assert.equal('unknown job status "complete"', odd("complete"))
  end)
end)
