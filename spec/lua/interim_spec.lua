-- SPDX-License-Identifier: MIT
-- Interim answers: what a 100, 102 or 103 says is said of no answer. A call whose answer comes
-- behind some returns what it returns without them.

local core = require("ges.core")
local kit = require("core_kit")
local wire = require("wire")

-- A value for every header that is read, or shown, and for some that are neither.
local SAID = {
  "Retry-After: 77", "Retry-After: Tue, 15 Nov 2033 09:00:00 GMT",
  "X-Request-Id: interim-request", "X-IAM-Trace-Id: interim-trace",
  "TraceId: interim-traceid", "Content-Encoding: gzip", "Date: Tue, 15 Nov 2033 08:12:31 GMT",
  "Content-Type: text/html", "Location: https://interim.example/", "X-Subject-Token: interim-token",
  "X-Auth-Token: interim-auth", "Link: </interim>; rel=preload", "Server: interim",
  "Proxy-Authenticate: Basic realm=interim", "WWW-Authenticate: Interim",
}

local INTERIM = {
  ["100"] = "HTTP/1.1 100 Continue\r\n", ["102"] = "HTTP/1.1 102 Processing\r\n",
  ["103"] = "HTTP/1.1 103 Early Hints\r\n",
}

local LATER = { "Retry-After: Tue, 15 Nov 2033 08:12:33 GMT" }
local OWN = { "Retry-After: 3", "X-Request-Id: own-request", "Content-Type: application/json",
  "Date: " .. os.date("!%a, %d %b %Y %H:%M:%S GMT") }
local FAULT = '{"error_code":"GES.9999","error_msg":"no"}'

-- The answers that come behind: one without a header that is read, and one with its own.
local ANSWERS = {
  { "a job", 200, kit.running }, { "a job with headers", 200, kit.running, OWN },
  { "a job that is not JSON", 200, "<html>" }, { "throttling", 429, FAULT },
  { "throttling with headers", 429, FAULT, OWN }, { "throttling until a date", 429, FAULT, LATER },
  { "a 503", 503, FAULT }, { "a 503 that is not JSON", 503, "busy" }, { "a 401", 401, FAULT },
  { "one that is too long", 200, nil, { "Content-Length: 99999999", "X-Request-Id: own-request" } },
  { "a redirect", 302, "" }, { "a 404", 404, FAULT }, { "a 407", 407, "" },
}

describe("core: an interim answer", function()
  after_each(kit.cleanup)

  -- One call of this kind, whose answer comes behind `before`: { value, err, info }, of which what
  -- differs between any two calls is taken away.
  local function ask(before, answer, extra)
    local bytes = wire.reply(answer[2], answer[3], answer[4] or {})
    if not answer[3] then bytes = bytes:gsub("Content%-Length: 0\r\n", "") end
    local server = kit.answering(before .. bytes)
    local value, err, info = kit.client():job_status(kit.options(server, extra))
    local port = tostring(server:port())
    info.elapsed = nil
    info.message = info.message and info.message:gsub(port, "PORT")
    if info.retry_after and info.retry_after > 1000 then info.retry_after = "far away" end
    kit.cleanup()
    return { value, err and err:gsub(port, "PORT"), info }
  end

  local KEYS = { token = false, ak = "AKEXAMPLE0123456789", sk = "SkSecret0123456789" }
  local GENERIC = { path = "/x", project_id = false, graph_id = false, job_id = false }

  for number, line in pairs(INTERIM) do
    it("leaves nothing of a " .. number, function()
      local all = line .. table.concat(SAID, "\r\n") .. "\r\n\r\n"
      for _, answer in ipairs(ANSWERS) do
        for _, extra in ipairs { {}, KEYS, GENERIC } do
          local without = ask("", answer, extra)
          for times = 1, 2 do
            assert.same(without, ask(all:rep(times), answer, extra), answer[1])
          end
        end
      end
    end)
  end

  it("leaves none of its headers to a generic call, and does not count as its status", function()
    for _, line in pairs(INTERIM) do
      local server = kit.answering(line .. "X-Interim: yes\r\n\r\n" .. wire.reply(201, "{}",
        { "X-Own: yes" }))
      local got = assert(core.job_status { endpoint = server:url(), token = kit.token,
        path = "/x" })
      assert.equal(201, got.status)
      assert.is_nil(got.headers["x-interim"])
      assert.equal("yes", got.headers["x-own"])
      kit.cleanup()
    end
  end)
end)
