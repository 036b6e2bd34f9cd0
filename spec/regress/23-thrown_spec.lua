-- SPDX-License-Identifier: MIT
-- What a provider of credentials, a token function or a callback throws reaches the caller as it
-- is, whatever it is; and the client serves the next call as if nothing had happened.

local child = require("child")
local lab = require("lab")

-- The calls by name: each returns what it returns, or throws.
local CALLS = {
  job_status = function(client, opts) return client:job_status(opts) end,
  request = function(client, opts)
    opts.path, opts.graph_id, opts.job_id = "/x", nil, nil
    return client:request(opts)
  end,
  wait = function(client, opts) return client:wait(opts) end,
  poll = function(client, opts)
    local handle = client:start(opts)
    repeat until handle:poll()
  end,
  handle = function(client, opts) return client:start(opts):wait() end,
  watch = function(client, opts)
    local last
    for event in client:watch(opts) do last = event end
    return last
  end,
  wait_all = function(client, opts)
    opts.jobs = lab.jobs(5)
    return client:wait_all(opts)
  end,
  wait_any = function(client, opts)
    opts.jobs = lab.jobs(5)
    return client:wait_any(opts)
  end,
}

-- Places of the user's code, by name: each makes options whose n-th call throws what `throw` does.
local function nth(n, throw, value)
  local calls = 0
  return function()
    calls = calls + 1
    if calls == n then throw() end
    return value
  end
end
local PLACES = {
  ["a token function"] = function(throw, n) return { token = nth(n, throw, "a-token") } end,
  ["a provider's get"] = function(throw, n)
    return { token = false, credentials = { get = nth(n, throw, { token = "a-token" }) } }
  end,
  ["a function that a provider shares"] = function(throw, n)
    local fetch = nth(n, throw, { token = "a-token" })
    return { token = false, credentials = { get = function(_, ctx)
      return ctx.share("key", fetch)
    end } }
  end,
  ["a token function in a chain"] = function(throw, n)
    local credentials = require("ges.credentials")
    return { token = false,
      credentials = credentials.chain { credentials.token(nth(n, throw, "a-token")) } }
  end,
  ["on_request"] = function(throw, n) return { on_request = nth(n, throw) } end,
}

describe("what code of the user throws", function()
  after_each(function()
    debug.sethook()
    lab.cleanup()
  end)

  local function options(server, more)
    more.project_id = "p"
    return lab.options(server, more)
  end

  -- Is the client as it was? Nothing is under way, and it answers.
  local function check(client, server)
    assert.equal("running", assert(client:job_status(options(server, {}))).status)
    local results = client:wait_all(options(server, { jobs = lab.jobs(3), timeout = 0.05,
      interval = 0.01, max_rate = 1e6 }))
    for _, result in ipairs(results) do assert.equal("deadline", result.info.kind, result.err) end
  end

  for name, call in pairs(CALLS) do
    for place, make in pairs(PLACES) do
      it(("in %s reaches the caller of %s"):format(place, name), function()
        local server, client = lab.replies { "running" }, lab.client()
        for _, thrown in ipairs { { "a table" }, "a text", 42, print, false } do
          local more = make(function() error(thrown, 0) end, 1)
          if name ~= "job_status" and name ~= "request" then more.interval = 0.01 end
          local ok, got = pcall(call, client, options(server, more))
          assert.is_false(ok)
          assert.is_true(rawequal(thrown, got), tostring(got))
        end
        check(client, server)
      end)
    end

    it("as an interrupt in a token function reaches the caller of " .. name, function()
      local server, client = lab.replies { "running" }, lab.client()
      local more = { token = function()
        -- as lua does it for Ctrl-C: in the next function of Lua that runs
        debug.sethook(function()
          debug.sethook()
          error("interrupted!", 0)
        end, "", 1)
        for _ = 1, 1000 do local _ = math.floor(1.5) end
        return "a-token"
      end }
      local ok, got = pcall(call, client, options(server, more))
      assert.is_false(ok)
      assert.equal("interrupted!", got)
      check(client, server)
    end)
  end

  it("later in a run reaches the caller as well, and ends what is under way", function()
    for place, make in pairs(PLACES) do
      for _, name in ipairs { "wait", "watch", "handle" } do
        local server, client = lab.replies { "running" }, lab.client()
        local thrown = { place }
        local more = make(function() error(thrown) end, 3)
        more.interval = 0.01
        local ok, got = pcall(CALLS[name], client, options(server, more))
        assert.is_false(ok)
        assert.is_true(rawequal(thrown, got), tostring(got))
        check(client, server)
      end
    end
    local silent, server, client = lab.silent(), lab.replies { "running" }, lab.client()
    local thrown, calls = {}, 0
    local ok, got = pcall(client.wait_all, client, options(silent, { jobs = lab.jobs(5),
      max_rate = 1e6, token = function()
        calls = calls + 1
        if calls == 4 then error(thrown) end
        return "a-token"
      end }))
    assert.is_false(ok)
    assert.is_true(rawequal(thrown, got))
    check(client, server)
    lab.eventually(function() return silent:open() == 0 end)
  end)

  it("in a refresh after a refusal reaches the caller", function()
    local good, thrown = lab.replies { "running" }, {}
    local provider = {
      get = function() return { token = "old" } end,
      refresh = function() error(thrown) end,
    }
    for _, name in ipairs { "job_status", "wait", "wait_all" } do
      local server, client = lab.replies { lab.error(401, "APIGW.0301") }, lab.client()
      local ok, got = pcall(CALLS[name], client, options(server,
        { token = false, credentials = provider }))
      assert.is_false(ok)
      assert.is_true(rawequal(thrown, got), tostring(got))
      check(client, good)
    end
  end)

  local it_luv = pcall(require, "luv") and it or pending
  it_luv("reaches the coroutine that called, in a loop, and the others go on", function()
    child.good(child.prelude .. ([==[
      local luv = require("luv")
      local server, thrown, right = %q, {}, 0
      local client = ges.new()
      local function spawn(fn)
        local timer = luv.new_timer()
        timer:start(0, 0, function()
          timer:close()
          assert(coroutine.resume(coroutine.create(fn)))
        end)
      end
      for _, name in ipairs { "job_status", "wait", "wait_all" } do
        for i = 1, 4 do
          spawn(function()
            local more = { token = i %% 2 == 0 and function() error(thrown) end or nil }
            if name == "wait_all" then more.jobs = { {}, {} } end
            local ok, got, err = pcall(client[name], client, options(server, more))
            if i %% 2 == 0 then
              assert(not ok and got == thrown)
            else
              assert(ok and got, err)
            end
            right = right + 1
          end)
        end
      end
      luv.run()
      assert(right == 12, right)]==]):format(lab.replies({ "success" }):url()),
      { before = "timeout 60" })
  end)

  it("is not needed of a provider that cannot refresh: the refusal is the answer", function()
    local server, client = lab.replies { lab.error(401, "APIGW.0301") }, lab.client()
    lab.fails("auth", client:job_status(options(server, { token = false,
      credentials = { get = function() return { token = "old" } end } })))
  end)
end)
