-- Credentials that end, on a machine whose clock is wrong: none is used after its end by the clock
-- of who issued it, and none is fetched again and again.

local credentials = require("ges.credentials")
local creds_ctx = require("creds_ctx")
local json = require("ges.json")

local stamp = creds_ctx.stamp
local HOUR, DAY = 3600, 86400

-- A clock that runs, and one that is wrong by `skew` seconds: that of the context.
local function world(skew, answer)
  local self = { now = 1767323045, ends = {} }
  self.ctx = creds_ctx.new(function(request, n) return answer(self, request, n) end,
    { now = function() return self.now + skew end })
  return self
end

-- IAM that issues token1, token2, ..., each for `life` seconds of the right clock.
local function iam(skew, life)
  return world(skew, function(self, _, n)
    self.ends["token" .. n] = self.now + life
    return { status = 201, headers = { ["x-subject-token"] = "token" .. n },
      body = json.encode { token = { issued_at = stamp(self.now),
        expires_at = stamp(self.now + life), project = { id = "p1" } } } }
  end)
end

-- Asks every `step` seconds for so long; what was given was good then, and for some time more.
-- Returns how often it was fetched.
local function follow(self, provider, name, seconds, step)
  local seen, fetched = nil, 0
  for _ = 0, seconds, step do
    local creds = assert(provider:get(self.ctx))
    if creds[name] ~= seen then fetched, seen = fetched + 1, creds[name] end
    local left = self.ends[seen] - self.now
    assert.is_true(left > 0, ("%s was used %d s after its end"):format(seen, -left))
    self.now = self.now + step
  end
  return fetched
end

local SKEWS = { 0, 1, 59, 10 * 60, HOUR, 12 * HOUR, DAY - 30, DAY, DAY + 30, 2 * DAY, 365 * DAY }

describe("a token's life", function()
  local function password()
    return credentials.password { user = "alice", password = "hunter2hunter2", domain = "acme",
      project_id = "p1" }
  end

  for name, sign in pairs { slow = -1, fast = 1 } do
    it("is that of the server's clock, where the local one is " .. name, function()
      for _, skew in ipairs(SKEWS) do
        local self = iam(sign * skew, DAY)
        local logins = follow(self, password(), "token", 4 * DAY, 300)
        -- four or five, and twice that where the clock takes half of the life away
        assert.is_true(logins >= 4 and logins <= 9, ("%d logins at %d"):format(logins, skew))
        assert.equal(logins, #self.ctx.requests)
      end
    end)

    it("is so for a short one, where the local clock is " .. name, function()
      for _, skew in ipairs(SKEWS) do
        local self = iam(sign * skew, 100)
        local logins = follow(self, password(), "token", 1000, 1)
        assert.is_true(logins >= 10 and logins <= 25, ("%d logins at %d"):format(logins, skew))
      end
    end)
  end
end)

describe("the life of a server's own keys", function()
  -- The metadata service says when they end, not when they were issued.
  local function metadata(skew)
    return world(skew, function(self, request, n)
      if request.method == "PUT" then return { status = 200, body = "session" } end
      self.ends["ak" .. n] = self.now + DAY
      return { status = 200, body = json.encode { credential = { access = "ak" .. n, secret = "sk",
        securitytoken = "st", expires_at = stamp(self.now + DAY) } } }
    end)
  end

  it("is not outlived where the clock is wrong by half an hour", function()
    for _, skew in ipairs { -1800, 0, 1800 } do
      local fetched = follow(metadata(skew), credentials.metadata(), "ak", 4 * DAY, 300)
      assert.is_true(fetched >= 4 and fetched <= 5, fetched)
    end
  end)

  it("is taken for short, and not for over, where the clock is ahead of their end", function()
    for _, skew in ipairs { DAY + 1, 365 * DAY } do
      local fetched = follow(metadata(skew), credentials.metadata(), "ak", DAY, 60)
      assert.is_true(fetched > 12 and fetched <= 200, fetched)
    end
  end)
end)
