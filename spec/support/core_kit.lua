-- What the specs of ges.core share: a wire server per spec, a client per spec, one valid set of
-- options, and a check that every triple a call returns has the shape the contract gives it.
-- Owns every server and client it hands out until `kit.cleanup`. For spec/core_*, url_, multi_.

local assert = require("luassert")
local core = require("ges.core")
local place = require("place")
local socket = require("socket")
local wire = require("wire")

local kit = {}

kit.token = "MIIFbAYJKoZIhvcNAQcCoIIFXTCC/BVkCAQEx+DTALBgIghkgBZQ=="
kit.project = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
kit.graph = "f1529b88-c958-493e-8452-fccfe932cde1"
kit.job = "ff80808167f09aaa0167f19b35ec0305"
kit.path = ("/v2/%s/graphs/%s/jobs/%s/status"):format(kit.project, kit.graph, kit.job)
kit.running = ('{"job_id":"%s","status":"running"}'):format(kit.job)

-- Every kind that one attempt can end with, and whether another may succeed.
kit.kinds = {
  argument = false, credentials = false, auth = false, forbidden = false, not_found = false,
  bad_request = false, throttled = true, unavailable = true, dns = true, connect = true,
  network = true, timeout = true, tls = false, redirect = false, proxy = false, protocol = true,
  too_large = false, cancelled = false, closed = false,
}

-- Kinds that an attempt can end with before anything was sent, and those that it always does.
kit.unsent = { argument = true, credentials = true, timeout = false, cancelled = false,
  network = false }

local kept = {}

local function keep(thing)
  kept[#kept + 1] = thing
  return thing
end

--- Closes all servers and clients made since the last time.
function kit.cleanup()
  for i = #kept, 1, -1 do
    kept[i]:close()
    kept[i] = nil
  end
end

--- Starts a wire server that lives until `cleanup`.
function kit.serve(scripts)
  return keep(wire.serve(scripts))
end

--- A server that answers each request with the same bytes, and keeps the connection.
function kit.answering(bytes)
  return kit.serve { { "request", bytes, { again = true } }, loop = true }
end

--- A server that answers each request with the same status, body and headers.
function kit.replying(status, body, headers)
  return kit.answering(wire.reply(status, body, headers))
end

--- A server that does the steps after it has read a request, on every connection.
function kit.after_request(...)
  return kit.serve { { "request", ... }, loop = true }
end

--- A client that lives until `cleanup`.
function kit.client()
  return keep(core.engine())
end

--- A table of options for a job at `server` (or at an endpoint), with `extra` on top; false
--- takes one away.
function kit.options(server, extra)
  local opts = {
    endpoint = type(server) == "string" and server or server:url(),
    project_id = kit.project, graph_id = kit.graph, job_id = kit.job, token = kit.token,
    request_timeout = 30,
  }
  for name, value in pairs(extra or {}) do
    if value == false and name ~= "verify" and name ~= "insecure_http" then
      value = nil
    end
    opts[name] = value
  end
  return opts
end

local function unescape(text)
  return (text:gsub("\\u00(%x%x)", "%%%1"):gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end):gsub("\\(.)", "%1"))
end

--- Does the text hold `least` or more characters of the secret in a row, in whatever escaping?
function kit.shows(text, secret, least)
  local plain = unescape(text)
  least = math.min(least or 12, #secret)
  for i = 1, #secret - least + 1 do
    local part = secret:sub(i, i + least - 1)
    if text:find(part, 1, true) or plain:find(part, 1, true) then
      return true
    end
  end
  return false
end

--- Goes through a value and fails where a string, key or value, shows one of the secrets.
function kit.no_leak(value, secrets, where, seen)
  where, seen = where or "value", seen or {}
  if type(value) == "table" and not seen[value] then
    seen[value] = true
    for k, v in pairs(value) do
      kit.no_leak(k, secrets, where .. " key", seen)
      kit.no_leak(v, secrets, where .. "." .. tostring(k), seen)
    end
  elseif type(value) == "string" then
    for _, secret in ipairs(secrets) do
      assert.is_false(kit.shows(value, secret), where .. " shows a secret: " .. value)
    end
  end
end

local function check_failure(err, info)
  assert.is_string(err)
  assert.is_nil(err:find("[%z\1-\31\127]"), "a control byte in err: " .. err)
  assert.is_true(#err < 2000)
  assert.is_string(info.message)
  assert.is_nil(info.message:find("[%z\1-\31\127]"), "a control byte in message")
  assert.is_not_nil(kit.kinds[info.kind], "unknown kind " .. tostring(info.kind))
  local is_final = info.message:find("which was not asked for", 1, true) ~= nil
  assert.same(kit.kinds[info.kind] and not (is_final and info.kind == "protocol"), info.retryable)
  assert.is_truthy(err:find(info.kind, 1, true), "err does not name its kind: " .. err)
end

--- Checks that a triple has the contract's shape and shows no token; returns it.
function kit.check(job, err, info)
  assert.is_table(info)
  if job ~= nil then
    assert.is_nil(err)
    assert.is_nil(info.kind)
  else
    check_failure(err, info)
  end
  assert.is_true(type(info.elapsed) == "number" and info.elapsed >= 0)
  if kit.unsent[info.kind] == nil then
    assert.same(1, info.attempts)
  else
    assert.is_true(info.attempts == 0 or info.attempts == 1 and not kit.unsent[info.kind])
  end
  kit.no_leak({ job = job, err = err, info = info }, { kit.token })
  return job, err, info
end

--- One blocking call on a client of its own: the checked triple.
function kit.ask(server, extra)
  return kit.check(kit.client():job_status(kit.options(server, extra)))
end

--- The same, for a call that must fail: err, info.
function kit.failing(server, extra)
  local job, err, info = kit.ask(server, extra)
  assert.is_nil(job)
  return err, info
end

--- The same, with the kind the failure must have.
function kit.fails(kind, server, extra)
  local err, info = kit.failing(server, extra)
  assert.same(kind, info.kind, err)
  return err, info
end

--- Steps a client until `count` calls came out of poll: a list of {id, job, err, info}.
function kit.drain(client, count, seconds)
  local done, stop = {}, core.now() + (seconds or 30)
  while #done < count do
    assert.is_true(core.now() < stop, ("only %d of %d calls ended"):format(#done, count))
    client:step(0.05)
    while true do
      local id, job, err, info = client:poll()
      if not id then
        break
      end
      done[#done + 1] = { id = id, job = job, err = err, info = info }
    end
  end
  return done
end

--- Waits until `test` is true, for at most 30 s; the error names the line that waits.
---@param test fun(): any
---@param what? string the event, for the message
function kit.eventually(test, what)
  local stop = socket.gettime() + 30
  while not test() do
    if socket.gettime() > stop then
      error((what or "it") .. " did not happen within 30 s", 0)
    end
    socket.sleep(0.002)
  end
end

--- Seconds of processor time that `f` takes: a busy machine does not make it more.
function kit.cpu_seconds(f, ...)
  local start = os.clock()
  f(...)
  return os.clock() - start
end

--- How long `f` takes, in seconds. An upper bound for it has to leave a busy machine its time: it
--- says that something does not hang, not how fast it is.
function kit.seconds(f, ...)
  local start = socket.gettime()
  f(...)
  return socket.gettime() - start
end

--- Fails unless `f`, which returns how long something took, returns less than `seconds` at least
--- once in five calls. For a bound so near to what it should take that a busy machine may go past
--- it, while what must not happen takes longer each time.
function kit.takes_less(seconds, f)
  local took
  for _ = 1, 5 do
    took = f()
    if took < seconds then return end
  end
  error(("it took %g s, and never less than %g s"):format(took, seconds), 0)
end

--- Is `n` whole, and an integer where Lua has them?
function kit.is_integer(n)
  if math.type then -- luacheck: ignore
    return math.type(n) == "integer" -- luacheck: ignore
  end
  return type(n) == "number" and n == math.floor(n)
end

return place.tell("core_kit.", kit, { "no_leak", "check", "ask", "failing", "fails", "drain",
  "eventually", "takes_less" })
