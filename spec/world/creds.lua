-- SPDX-License-Identifier: MIT
-- world.creds: whose credentials a call has, as its action says: a token, a function, a login,
-- keys, or a provider of the user's own. Owns the providers of a world. Used by world.actors.

local iam = require("world.iam")

local creds = {}
local kinds = {}

-- A token that is good for a while, or for ever.
function kinds.token(world, _, spec, opts)
  opts.token = world.service.iam:issue(spec.life or 1e6)
end

-- A function that gives a token, and sometimes none, or throws.
kinds["function"] = function(world, record, spec, opts)
  local calls, token = 0, nil
  opts.token = function()
    calls = calls + 1
    if calls == spec.throws_at then
      record.may_throw["made-up token error"], record.cancel_asked = true, true
      error("made-up token error", 0)
    end
    if calls == spec.fails_at then
      record.may_lack = true
      return nil, "made-up failure"
    end
    if not token or calls % (spec.renews or 3) == 0 then
      token = world.service.iam:issue(spec.life or 1e6)
    end
    return token
  end
end

-- One provider of a login for all calls of a client.
function kinds.password(world, record, spec, opts)
  record.may_lack, record.own_time = true, nil
  local key = spec.user .. record.client
  world.logins = world.logins or {}
  if not world.logins[key] then
    local password = world.service.iam:secret("password")
    if spec.wrong then world.service.iam:forbid(spec.user) end
    world.logins[key] = world.ges.credentials.password {
      user = spec.user, password = password, domain = "domain", iam_endpoint = iam.ENDPOINT,
    }
  end
  opts.credentials = world.logins[key]
end

-- Keys, whose project is looked up at IAM.
function kinds.keys(world, record, spec, opts)
  record.may_lack = true
  world.key = world.key or world.service.iam:secret("key")
  opts.ak, opts.sk, opts.project_id = "AK" .. (spec.user or "1"), world.key, nil
  opts.iam_endpoint, opts.project = iam.ENDPOINT, "name-of-project"
end

-- A provider of the user's own, which may fail or throw.
function kinds.provider(world, record, spec, opts)
  local calls, token = 0, nil
  local function get()
    calls = calls + 1
    if calls == spec.throws_at then
      record.may_throw["made-up provider error"], record.cancel_asked = true, true
      error("made-up provider error", 0)
    end
    if calls == spec.fails_at then
      record.may_lack = true
      return nil, "made-up failure", { kind = "credentials" }
    end
    token = token or world.service.iam:issue(spec.life or 1e6)
    return { token = token }
  end
  opts.credentials = { kind = "made-up", get = get, refresh = spec.refreshes and function()
    token = nil
    return get()
  end or nil }
end

--- Puts the credentials of an action into the options of its call.
function creds.give(world, record, action, opts)
  local spec = action.creds or { kind = "token" }
  kinds[spec.kind](world, record, spec, opts)
end

return creds
