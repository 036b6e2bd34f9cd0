-- SPDX-License-Identifier: MIT
-- Corners of the core that no other spec reaches: dates in every form, a host without a library for
-- JSON, a clock that cannot be right, proxies of another kind, a fork that ends well.

local child = require("child")
local kit = require("core_kit")
local wire = require("wire")

describe("core: Retry-After as a date", function()
  after_each(kit.cleanup)

  -- Asks for a moment after the server's clock; returns what info says.
  local function wait_for(retry, date)
    local server = kit.replying(503, "{}", { "Date: " .. date, "Retry-After: " .. retry })
    local _, info = kit.fails("unavailable", server)
    kit.cleanup()
    return info.retry_after
  end

  local NOW = "Sun, 06 Nov 1994 08:49:37 GMT"

  it("may have any of the three forms", function()
    assert.equal(23, wait_for("Sun, 06 Nov 1994 08:50:00 GMT", NOW))
    assert.equal(23, wait_for("Sunday, 06-Nov-94 08:50:00 GMT", NOW))
    assert.equal(23, wait_for("Sun Nov  6 08:50:00 1994", NOW))
    assert.equal(23, wait_for("Sun, 06 Nov 1994 08:50:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"))
    assert.equal(23, wait_for("sun, 06 nOV 1994 08:50:00 GMT", "Sun Nov  6 08:49:37 1994"))
  end)

  it("may be in any month, year and second of the calendar", function()
    assert.equal(86400, wait_for("Fri, 01 Mar 2024 00:00:00 GMT", "Thu, 29 Feb 2024 00:00:00 GMT"))
    assert.equal(86400, wait_for("Mon, 01 Jan 2024 00:00:00 GMT", "Sun, 31 Dec 2023 00:00:00 GMT"))
    assert.equal(1, wait_for("Sat, 31 Dec 2016 23:59:60 GMT", "Sat, 31 Dec 2016 23:59:59 GMT"))
    assert.equal(60, wait_for("Friday, 01-Jan-71 00:01:00 GMT", "Fri, 01 Jan 1971 00:00:00 GMT"))
    -- Where the C library's time has 32 bits it knows no such year.
    local known, far = pcall(os.time, { year = 2069, month = 12, day = 31 })
    assert.equal(known and far and 60 or nil,
      wait_for("Tuesday, 31-Dec-69 00:01:00 GMT", "Tue, 31 Dec 2069 00:00:00 GMT"))
    local at = 0
    for _, month in ipairs { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
      "Nov", "Dec" } do
      local seconds = wait_for(("Mon, 01 %s 2023 00:00:00 GMT"):format(month),
        "Sun, 01 Jan 2023 00:00:00 GMT")
      assert.is_true(seconds == 0 and month == "Jan" or seconds > at, month)
      at = seconds
    end
  end)

  it("is absent when there is no such moment", function()
    for _, date in ipairs {
      "Sun, 06 Foo 1994 08:50:00 GMT", "Sun, 00 Nov 1994 08:50:00 GMT",
      "Sun, 32 Nov 1994 08:50:00 GMT", "Sun, 06 Nov 1994 24:50:00 GMT",
      "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:50:61 GMT",
      "Sun, 06 Nov 1969 08:50:00 GMT", "Sun, -6 Nov 1994 08:50:00 GMT",
      "Sun, 06 Nov 1994 -8:50:00 GMT", "Sun, 06 Nov 1994 08:-1:00 GMT",
      "Sun, 06 Nov 1994 08:50:-1 GMT", "Sun, 06 Nov 1994", "Nov", "", "5.", "5.5.5", ".5", "5x",
    } do
      local got = wait_for(date, "Sun, 06 Nov 1901 08:49:37 GMT")
      assert.is_true(got == nil or date == "5." and got == 5, date .. " " .. tostring(got))
    end
  end)

  it("stands among lines that are no headers", function()
    local server = kit.answering("HTTP/1.1 503 x\r\nRetry-After 5\r\nD\r\nRetry-After : 6\r\n"
      .. "Retry-After:\t7.25 \r\nContent-Length: 0\r\n\r\n")
    local _, info = kit.failing(server)
    -- libcurl may end the answer at such a line; the status is known by then
    assert.same({ "unavailable", 503 }, { info.kind, info.http_status })
    assert.is_true(info.retry_after == 7.25 or info.retry_after == nil, info.retry_after)
  end)
end)

describe("core: a job", function()
  it("is read without any library for JSON", function()
    assert.equal("running", (child.good([[
      package.preload.cjson = function() error("gone") end
      local core, wire = require("ges.core"), require("wire")
      local server = wire.serve { { "request", wire.reply(200,
        '{"status":"running","fail_reason":null,"x":[null,1]}') } }
      local job, err = core.job_status { endpoint = server:url(), project_id = "p", graph_id = "g",
        job_id = "j", token = "t" }
      assert(job.fail_reason == nil and job.x[1] == false and job.x[2] == 1)
      io.write(err or job.status)]])))
  end)
end)

describe("core: a clock before its time", function()
  local fake = child.shell("ls /usr/lib/*/faketime/libfaketime.so.1 | head -n 1")

  if fake:sub(1, 1) ~= "/" then
    pending("is not tried out here: there is no libfaketime")
    return
  end

  it("signs nothing", function()
    local said = child.good(child.prelude .. [[
      local o = options("http://127.0.0.1:9", { ak = "ak", sk = "sk-sk" })
      o.token = nil
      local _, err, info = core.job_status(o)
      print(info.kind, err)
      print(select(2, pcall(core.sign, { method = "GET", path = "/", ak = "ak", sk = "sk" })))]],
      { before = ("env LD_PRELOAD=$LD_PRELOAD:%s FAKETIME='1960-01-01 00:00:00'"
        .. " FAKETIME_DONT_FAKE_MONOTONIC=1"):format(fake) })
    assert.is_truthy(said:find("argument.*clock is wrong.*sign: the system clock is wrong"), said)
  end)
end)

describe("core: a proxy", function()
  after_each(kit.cleanup)

  it("of another kind is asked in its own tongue, and refuses as proxy", function()
    for scheme, said in pairs { socks5 = "\5\255", socks4 = "\0\91\0\0\0\0\0\0",
      socks5h = "HTTP/1.1 400 what?\r\n\r\n" } do
      local server = kit.serve { { { received = 1 }, said, { close = true } }, loop = true }
      local _, info = kit.failing("https://ges.invalid", { proxy = ("%s://127.0.0.1:%d")
        :format(scheme, server:port()) })
      assert.is_true(info.kind == "proxy" or info.kind == "dns", scheme .. " " .. info.kind)
      kit.no_leak(server:received(1) or "", { kit.token, kit.job })
      kit.cleanup()
    end
  end)

  it("that makes no sense is a failure of some kind", function()
    for _, proxy in ipairs { "ftp://127.0.0.1:9", "http://[bad", "http://127.0.0.1:99999", "://",
      "http://a b" } do
      local err = kit.failing("https://127.0.0.1:9", { proxy = proxy })
      assert.is_string(err)
    end
  end)

  it("with a name longer than any is not looked into", function()
    local said = child.good(child.prelude .. [[
      local o = options("https://127.0.0.1:9")
      o.proxy = nil
      say("long", core.job_status(o))]],
      { limits = ("https_proxy=http://%s:secret-word@127.0.0.1:9; export https_proxy;")
        :format(("u"):rep(5000)) })
    assert.is_nil(said:find("secret-word", 1, true), said)
  end)
end)

describe("core: a fork", function()
  after_each(kit.cleanup)

  if not require("core_fork").run then
    pending("is not tried out here: there is neither lua-posix nor a compiler")
    return
  end

  it("that ends well ends the child's part only", function()
    local server = kit.serve { { "request", { sleep = 0.1 }, wire.reply(200,
      '{"status":"running"}'), { again = true } }, loop = true }
    local text = child.good(child.prelude .. ([[
      local fork = require("core_fork")
      local url = %q
      local client = core.engine()
      client:start(options(url))
      client:step(0)
      for i = 1, 300 do client:start(options(url)) end
      for _, way in ipairs { "step", "close", "collect" } do
        local said = fork.run(function()
          if way == "step" then
            client:step(0)
            local n, id, job, err, info = 0, client:poll()
            while id do
              assert(job == nil and info.kind == "network", err)
              n, id, job, err, info = n + 1, client:poll()
            end
            assert(n == 301, n)
            assert(client:job_status(options(url)))
          elseif way == "close" then
            client:close()
          else
            client = nil
            collectgarbage()
          end
          os.exit(0, true)
        end)
        assert(said == "", way .. ": " .. said)
      end
      local done = 0
      while client:step(0.05) > 0 or done < 301 do
        local id, job, err = client:poll()
        while id do
          assert(job, err)
          done = done + 1
          id, job, err = client:poll()
        end
      end
      print("well")]]):format(server:url()))
    assert.is_truthy(text:find("well", 1, true), text)
  end)
end)
