-- creds_ctx: a made-up client for the specs of ges.credentials. No network, no real clock.
-- A context answers requests from a script and records them; its `share` lets coroutines that
-- ask at the same time wait for the first one, as the client's does.

local creds_ctx = {}

local function share(running)
  return function(key, fn)
    local flight = running[key]
    if not flight then
      flight = {}
      running[key] = flight
      flight.results = { fn() }
      running[key] = nil
      return flight.results[1], flight.results[2], flight.results[3]
    end
    while not flight.results do coroutine.yield() end
    return flight.results[1], flight.results[2], flight.results[3]
  end
end

--- A context. `answer(request, n)` returns what ctx.request returns; `n` counts requests.
---@param answer function
---@param fields? table more fields of the context
function creds_ctx.new(answer, fields)
  local ctx = { time = 1767323045, requests = {} }
  ctx.now = function() return ctx.time end
  ctx.share = share({})
  ctx.request = function(request)
    ctx.requests[#ctx.requests + 1] = request
    if ctx.slow then coroutine.yield() end
    return answer(request, #ctx.requests)
  end
  for key, value in pairs(fields or {}) do ctx[key] = value end
  return ctx
end

--- Runs functions as coroutines, in turns, to their ends; returns the results of each.
function creds_ctx.together(...)
  local threads, results, left = {}, {}, select("#", ...)
  for i = 1, left do threads[i] = coroutine.create((select(i, ...))) end
  while left > 0 do
    for i, thread in ipairs(threads) do
      if coroutine.status(thread) ~= "dead" then
        local got = { coroutine.resume(thread) }
        assert(got[1], got[2])
        if coroutine.status(thread) == "dead" then
          results[i] = { got[2], got[3], got[4] }
          left = left - 1
        end
      end
    end
  end
  return results
end

--- What ctx.request returns for an answer that is not 2xx.
function creds_ctx.refusal(status, message)
  local kind = status == 401 and "auth" or status == 403 and "forbidden"
    or status >= 500 and "unavailable" or "bad_request"
  return nil, ("HTTP %d: %s"):format(status, message or "refused"),
    { kind = kind, http_status = status, message = message, request_id = "req-1" }
end

--- A UTC time as IAM writes it.
function creds_ctx.stamp(epoch)
  return os.date("!%Y-%m-%dT%H:%M:%S", epoch) .. ".701000Z"
end

return creds_ctx
