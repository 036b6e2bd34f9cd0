-- What is read and sent is the same in whatever locale a script has set: one with a decimal comma
-- and without names of months. In children, since a locale is of the whole process.

local child = require("child")
local locale = require("locale")

-- A server that answers with `text`, and a job of it.
local PRELUDE = [==[
local core, kit = require("ges.core"), require("core_kit")
local function job_of(members)
  local job, err = kit.ask(kit.replying(200, '{"status":"running",' .. members .. "}"))
  return assert(job, err)
end
assert(os.setlocale("") == "comma")
assert(os.setlocale("comma", "numeric") == "comma")
]==]

describe("in a locale with a decimal comma", function()
  setup(locale.make)
  teardown(locale.remove)

  local function it_there(name, code)
    it(name, function()
      if locale.missing then return pending(locale.missing) end
      assert.equal("well", child.good(PRELUDE .. code .. "\nkit.cleanup()\nio.write('well')",
        { before = "timeout 60 env TZ=Asia/Tokyo " .. locale.env:gsub("^env ", "") }))
    end)
  end

  it_there("a job's numbers are the same, and after another was set", [==[
    local function check()
      local job = job_of('"job_progress":37.5,"x":1e-2,"y":-0.125,"z":[0.5,1.0E+2]')
      assert(job.job_progress == 37.5 and job.x == 0.01 and job.y == -0.125)
      assert(job.z[1] == 0.5 and job.z[2] == 100)
    end
    check()
    os.setlocale("C")
    check()
    os.setlocale("comma")
    check()]==])

  it_there("Retry-After and times are the same", [==[
    local _, info = kit.failing(kit.replying(429, "{}", { ["Retry-After"] = "5.5" }))
    assert(info.retry_after == 5.5, info.retry_after)
    _, info = kit.failing(kit.replying(429, "{}", { ["Retry-After"] = "5,5" }))
    assert(info.retry_after == 5, info.retry_after) -- two in one line
    _, info = kit.failing(kit.replying(429, "{}", { Date = "Sun, 06 Nov 1994 08:49:37 GMT",
      ["Retry-After"] = "Sun, 06 Nov 1994 08:49:47 GMT" }))
    assert(info.retry_after == 10, info.retry_after)
    kit.fails("timeout", kit.after_request({ stall = true }), { request_timeout = 0.15 })]==])

  it_there("JSON is written with points", [==[
    local json = require("ges.json")
    local list = { 1.5, -0.125, 1 / 3, 1e300, 3 }
    local text = assert(json.encode(list))
    assert(text:find("^%[1%.5,%-0%.125,0%.3+,1e%+300,3%]$"), text)
    for i, value in ipairs(assert(json.decode(text))) do assert(list[i] == value, text) end]==])

  it_there("a date is read", [==[
    local got = {}
    for i, text in ipairs { "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
      "yesterday", "Sun, 06 Nov 1969 08:49:37 GMT" } do
      local time = core.date(text)
      got[i] = time and ("%.0f"):format(time) or "nil"
    end
    local text = table.concat(got, " ")
    assert(text == "784111777 784111777 nil nil", text)]==])

  it_there("the query has a point, and its signature holds", [==[
    local server = kit.replying(200, "{}")
    local client = kit.client()
    assert(client:start { endpoint = server:url(), path = "/x", query = { x = 1.5, y = 10 },
      ak = "some-key", sk = "some-secret", request_timeout = 20 })
    local one = kit.drain(client, 1)[1]
    assert(one.job, one.err)
    local request = server:requests()[1]
    assert(request:find("^GET /x%?x=1%.5&y=10 "), request)
    local again = core.sign { method = "GET", path = "/x", query = { x = "1.5", y = "10" },
      host = request:match("\r\nHost: ([^\r]+)"), date = request:match("\r\nX%-Sdk%-Date: (%w+)"),
      ak = "some-key", sk = "some-secret" }
    assert(request:find(again.Authorization, 1, true), request)]==])
end)
