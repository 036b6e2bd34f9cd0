-- One answer now: retries, their delays, the budget, tokens that change, and what on_request gets.

local core = require("ges.core")
local ges = require("ges")
local lab = require("lab")

local busy = lab.error(503, "GES.7005")
local refused = lab.error(401, "APIG.0301")

local function ask(server, extra)
  return ges.job_status(lab.options(server, extra))
end

describe("the options of ges.job_status", function()
  after_each(lab.cleanup)

  it("are what the table itself holds, whatever its metatable says", function()
    local server = lab.replies { "running" }
    for _, index in ipairs {
      function(_, name) error("no such option: " .. name) end,
      { host = 42, timeout = "x", request_timeout = math.huge, path = "/elsewhere" },
    } do
      local opts = setmetatable(lab.options(server), { __index = index })
      assert.equal("running", assert(ges.job_status(opts)).status)
    end
  end)
end)

describe("ges.job_status", function()
  local random

  before_each(function() random = core.random end)

  after_each(function()
    core.random = random
    lab.cleanup()
  end)

  -- No delay before a retry, or the longest there is.
  local function jitter(value)
    core.random = function() return value end
  end

  describe("retries", function()
    it("asks twice more, and says how often it asked", function()
      jitter(0)
      local server = lab.replies { busy }
      local _, info = lab.fails("unavailable", ask(server))
      assert.equal(3, info.attempts)
      assert.equal(3, #server:requests())
    end)

    it("returns the answer of the attempt that has one", function()
      jitter(0)
      local server = lab.replies { busy, busy, "running" }
      local job, err, info = ask(server)
      assert.equal("running", job.status)
      assert.is_nil(err)
      assert.equal(3, info.attempts)
      assert.equal(200, info.http_status)
    end)

    it("asks once with retries = 0, and as often as retries says", function()
      jitter(0)
      local server = lab.replies { busy }
      lab.fails("unavailable", ask(server, { retries = 0 }))
      assert.equal(1, #server:requests())
      lab.fails("unavailable", ask(server, { retries = 5 }))
      assert.equal(7, #server:requests())
    end)

    it("asks once with timeout = 0", function()
      local server = lab.replies { busy }
      local _, info = lab.fails("unavailable", ask(server, { timeout = 0, retries = 5 }))
      assert.equal(1, info.attempts)
      assert.equal(1, #server:requests())
    end)

    it("bounds the one attempt of timeout = 0 by request_timeout", function()
      local server = lab.silent()
      local took, job, err, info = lab.timed(ask, server, { timeout = 0, request_timeout = 0.3 })
      lab.fails("timeout", job, err, info)
      assert.is_true(took > 0.28 and took < 8, took)
    end)

    local never = {
      bad_request = { 400, '{"error_code":"GES.0001","error_msg":"no"}' },
      auth = refused, forbidden = lab.error(403, "APIG.0302"),
      not_found = lab.error(400, "GES.8301"), redirect = { 302, "", { Location = "http://x/" } },
      proxy = { 407, "" },
    }
    for kind, reply in pairs(never) do
      it("never asks again after " .. kind, function()
        local server = lab.replies { reply }
        local _, info = lab.fails(kind, ask(server))
        assert.equal(1, info.attempts)
        assert.equal(1, #server:requests())
      end)
    end

    it("never asks again after too_large", function()
      local server = lab.replies { { 200, ("x"):rep(2000) } }
      lab.fails("too_large", ask(server, { max_response_bytes = 1000 }))
      assert.equal(1, #server:requests())
    end)

    it("sends nothing for a refused value, and does not report an attempt", function()
      local server, reported = lab.replies { "running" }, 0
      local _, info = lab.fails("argument", ask(server, {
        job_id = "../admin", on_request = function() reported = reported + 1 end,
      }))
      assert.equal(0, info.attempts)
      assert.equal(0, server:accepted())
      assert.equal(0, reported)
    end)

    it("believes what is no answer after three in a row", function()
      jitter(0)
      local server = lab.replies { { 200, "<html>" } }
      lab.fails("protocol", ask(server, { retries = 9 }))
      assert.equal(3, #server:requests())
    end)

    it("counts those in a row only", function()
      jitter(0)
      local no_job = { 200, "<html>" }
      local server = lab.replies { no_job, no_job, busy, no_job, no_job, "success" }
      local job = ask(server, { retries = 9 })
      assert.equal("success", job.status)
    end)

    it("tries again where there is no listener on the port", function()
      jitter(0)
      local server = lab.replies { "running" }
      local url = server:url()
      server:close()
      local _, info = lab.fails("connect", ask(url))
      assert.equal(3, info.attempts)
    end)
  end)

  describe("delays", function()
    -- The delays asked for, without the sleeping.
    local function delays(server, extra)
      local engine = require("ges.host.engine").new()
      local methods = getmetatable(engine).__index
      local sleep, list = methods.sleep, {}
      methods.sleep = function(_, _, seconds) list[#list + 1] = seconds end
      local result = { pcall(ask, server, extra) }
      methods.sleep = sleep
      engine:close()
      assert(result[1], result[2])
      return list
    end

    it("grow from 0.25 s by half and half again, up to 5 s", function()
      jitter(1)
      local list = delays(lab.replies { busy }, { retries = 7, timeout = 1000 })
      assert.same({ 0.25, 0.5, 1, 2, 4, 5, 5 }, list)
    end)

    it("are anything between nothing and that", function()
      jitter(0.5)
      assert.same({ 0.125, 0.25 }, delays(lab.replies { busy }))
      core.random = random
      local seen = {}
      for _ = 1, 40 do
        local delay = delays(lab.replies { busy }, { retries = 1 })[1]
        assert.is_true(delay >= 0 and delay < 0.25)
        seen[delay] = true
      end
      assert.is_truthy(next(seen, (next(seen))))
    end)

    it("are never shorter than Retry-After", function()
      jitter(1)
      local slow = lab.error(503, "GES.7005", { ["Retry-After"] = "7" })
      local low = lab.error(429, "APIGW.0308", { ["Retry-After"] = "0" })
      for _, timeout in ipairs { 60, 10 } do -- also where no more than half of the time is left
        assert.same({ 7, 0.5 }, delays(lab.replies { slow, low, "running" }, { timeout = timeout }))
      end
    end)

    it("are really slept", function()
      jitter(1)
      local server = lab.replies { busy, "running" }
      local took = lab.timed(ask, server)
      assert.is_true(took > 0.24 and took < 8, took)
    end)
  end)

  describe("the budget", function()
    it("ends the call as a timeout that knows the last failure", function()
      jitter(1)
      local server = lab.replies { busy }
      local took, job, err, info = lab.timed(ask, server, { timeout = 1, retries = 50 })
      lab.fails("timeout", job, err, info)
      assert.is_true(took < 8, took)
      assert.is_truthy(err:find("GES.7005", 1, true), err)
      assert.equal(503, info.http_status)
      assert.equal(#server:requests(), info.attempts)
      assert.is_true(info.retryable)
    end)

    it("does not take an attempt in its last moment for the last failure", function()
      jitter(1)
      -- the attempts begin after 0, 0.25, 0.625, 0.81 and 0.91 s
      local script, no = {}, require("wire").reply(busy[1], busy[2])
      for i = 1, 8, 2 do script[i], script[i + 1] = "request", no end
      local server = lab.serve { script, loop = true }
      local err, info = lab.fails("timeout", ask(server, { timeout = 1, retries = 50 }))
      assert.is_truthy(err:find("GES.7005", 1, true), err)
      assert.equal(503, info.http_status)
    end)

    it("ends an attempt under way", function()
      local took, job, err, info = lab.timed(ask, lab.silent(), { timeout = 0.4, retries = 9 })
      lab.fails("timeout", job, err, info)
      assert.is_true(took > 0.35 and took < 8, took)
      assert.is_true(info.elapsed > 0.35)
    end)

    it("is not waited out when Retry-After reaches beyond it", function()
      local server = lab.replies { lab.error(429, "APIGW.0308", { ["Retry-After"] = "40" }) }
      local took, job, err, info = lab.timed(ask, server)
      lab.fails("throttled", job, err, info)
      assert.is_true(took < 8, took)
      assert.equal(40, info.retry_after)
      assert.equal(1, info.attempts)
    end)

    it("is not waited out when Retry-After reaches beyond what is left of it", function()
      local server = lab.replies({ lab.error(429, "APIGW.0308", { ["Retry-After"] = "2" }) }, 0.5)
      local _, info = lab.fails("throttled", ask(server, { timeout = 2.2 }))
      assert.equal(2, info.retry_after)
      assert.equal(1, info.attempts)
    end)

    it("covers the exchange that follows a refused token", function()
      local n = 0
      local server = lab.serve {
        { "request", { sleep = 2.5 }, require("wire").reply(unpack and unpack(refused)
          or table.unpack(refused)), "request", { stall = true } },
        loop = true,
      }
      local took, job, err, info = lab.timed(ask, server, { timeout = 3, token = function()
        n = n + 1
        return "token-" .. n
      end })
      lab.fails("timeout", job, err, info)
      assert.is_true(took < 5.4, took) -- a budget of its own would end at 5.5 s
    end)
  end)

  describe("a token function", function()
    -- One that gives these values, one a call, the last for ever; counts its calls.
    local function giving(...)
      local values, calls = { ... }, 0
      return function()
        calls = calls + 1
        return values[math.min(calls, #values)]
      end, function() return calls end
    end

    it("is called before every attempt", function()
      jitter(0)
      local server = lab.replies { busy, busy, "running" }
      local token, calls = giving("one", "two", "three")
      assert(ask(server, { token = token }))
      assert.same({ "one", "two", "three" }, lab.tokens(server))
      assert.equal(3, calls())
    end)

    it("gives a refused call a second chance with another token, once", function()
      local server = lab.replies { refused, "running" }
      local job, _, info = ask(server, { token = giving("old", "new") })
      assert.equal("running", job.status)
      assert.equal(2, info.attempts)
      assert.same({ "old", "new" }, lab.tokens(server))

      server = lab.replies { refused }
      _, info = lab.fails("auth", ask(server, { token = giving("a", "b", "c") }))
      assert.equal(2, info.attempts)
      assert.same({ "a", "b" }, lab.tokens(server))
    end)

    it("gives none when the token is the same", function()
      local server = lab.replies { refused }
      lab.fails("auth", ask(server, { token = giving("same") }))
      assert.same({ "same" }, lab.tokens(server))
    end)

    it("is not believed to have another when it says so of the same", function()
      local server = lab.replies { refused }
      local same = { kind = "same", get = function() return { token = "same" } end,
        refresh = function() return { token = "same" } end }
      lab.fails("auth", ask(server, { token = false, credentials = same }))
      assert.same({ "same" }, lab.tokens(server))
    end)

    it("throws what it likes at the caller", function()
      local server = lab.replies { busy }
      local calls, thrown = 0, { why = "the vault is sealed" }
      local ok, err = pcall(ask, server, { token = function()
        calls = calls + 1
        if calls == 1 then return lab.token end
        error(thrown)
      end })
      assert.is_false(ok)
      assert.equal(thrown, err)
      assert.equal(1, #server:requests())
      ok, err = pcall(ask, server, { token = function() error() end })
      assert.is_false(ok)
      assert.is_nil(err)
    end)

    local bad = {
      ["nothing"] = function() end, ["nil and why"] = function() return nil, "vault is sealed" end,
      ["a number"] = function() return 42 end, ["a table"] = function() return {} end,
    }
    for name, token in pairs(bad) do
      it("is a failed provider when it returns " .. name, function()
        local server = lab.replies { "running" }
        lab.fails("credentials", ask(server, { token = token }))
        assert.equal(0, server:accepted())
      end)
    end

    for name, token in pairs({
      ["a megabyte"] = ("t"):rep(1048576), ["a line break"] = "token\r\nX-Evil: 1", empty = "",
    }) do
      it("is refused when its token is " .. name, function()
        local server = lab.replies { "running" }
        local err = lab.fails("argument", ask(server, { token = function() return token end }))
        assert.equal(0, server:accepted())
        assert.is_nil(err:find("X-Evil", 1, true))
      end)
    end

    it("may yield", function()
      local server = lab.replies { "running" }
      local co = coroutine.create(function()
        return ask(server, { token = function() return coroutine.yield("which?") end })
      end)
      local _, question = assert(coroutine.resume(co))
      assert.equal("which?", question)
      local _, job = assert(coroutine.resume(co, "this-one"))
      assert.equal("running", job.status)
      assert.same({ "this-one" }, lab.tokens(server))
    end)

    it("may ask ges itself", function()
      local server, other = lab.replies { "running" }, lab.replies { "success" }
      local job = ask(server, { token = function()
        return (ask(other)).status
      end })
      assert.equal("running", job.status)
      assert.same({ "success" }, lab.tokens(server))
    end)
  end)

  it("never repeats a refused signature", function()
    local server = lab.replies { refused }
    lab.fails("auth", ask(server, { token = false, ak = "AK", sk = "secret-key" }))
    assert.equal(1, #server:requests())
  end)

  it("says by how much the clock is off", function()
    local server = lab.replies { { 401, '{"error_code":"APIG.0301","error_msg":"Incorrect IAM '
      .. 'authentication information: calc aksk signature fail:signature expired, signature time:'
      .. '20211231T235000Z,server time:20220101T001002Z"}' } }
    local err, info = lab.fails("auth",
      ask(server, { token = false, ak = "AK", sk = "secret-key" }))
    assert.equal(-1202, info.skew)
    for _, text in ipairs { err, info.message } do
      assert.is_truthy(text:find("clock is 1202 s behind", 1, true), text)
      assert.is_nil(text:find("signature expired", 1, true), text)
    end
    assert.is_truthy(err:find("APIG.0301", 1, true), err)
  end)

  describe("on_request", function()
    it("is called after each attempt, with that attempt's facts", function()
      jitter(0)
      local seen = {}
      local server = lab.replies { busy, refused, "running" }
      local n = 0
      assert(ask(server, {
        token = function() n = n + 1 return "token" .. n end,
        on_request = function(info) seen[#seen + 1] = info end,
      }))
      assert.equal(3, #seen)
      local kinds, statuses = {}, {}
      for i, info in ipairs(seen) do
        kinds[i], statuses[i] = info.kind or "none", info.http_status
        assert.equal(1, info.attempts)
      end
      assert.same({ "unavailable", "auth", "none" }, kinds)
      assert.same({ 503, 401, 200 }, statuses)
    end)

    it("throws through the call, which leaves the client usable", function()
      local server = lab.replies { "running" }
      local client, mark = lab.client(lab.options(server)), {}
      local ok, err = pcall(client.job_status, client, { on_request = function() error(mark) end })
      assert.is_false(ok)
      assert.equal(mark, err)
      assert.equal("running", client:job_status({}).status)
    end)

    it("may write to the caller's table: the retry asks what the call did", function()
      jitter(0)
      for _, change in ipairs {
        function(opts) opts.note = "mine" end,
        function(opts) opts.token, opts.job_id, opts.endpoint = nil, nil, nil end,
        function(opts) opts.token = function() return "another-token" end end,
        function(opts) opts.path = "/elsewhere" end,
      } do
        local server = lab.replies { busy, "running" }
        local opts = lab.options(server)
        opts.on_request = function() change(opts) end
        local job, err = ges.job_status(opts)
        assert.equal("running", job and job.status, err)
        assert.same({ lab.token, lab.token }, lab.tokens(server))
      end
    end)

    it("may close the client: the retry is not made", function()
      jitter(0)
      local server = lab.replies { busy }
      local client
      client = lab.client(lab.options(server))
      local _, info = lab.fails("closed", client:job_status { on_request = function()
        client:close()
      end })
      assert.equal(1, #server:requests())
      assert.is_false(info.retryable)
    end)
  end)
end)
