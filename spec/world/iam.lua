-- SPDX-License-Identifier: MIT
-- world.iam: the identity service of a world: logins by password, projects by name, and which
-- tokens are good when. Owns the tokens. Used by world.service.

local clock = require("world.clock")
local flaws = require("world.flaws")
local random = require("world.random")

local iam = {}
local methods = {}
local mt = { __index = methods }

iam.ENDPOINT = "https://iam.world.example"
iam.PROJECT = "project-0"
-- What secrets end with: too short for the core to take it for one of them.
iam.MARK = "zqSecretqz"

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

--- The identity service: `spec` has `token_life` in seconds, `says_life` (false: its answers do
--- not tell it) and `revoked` (points of time at which all tokens of a login end).
function iam.new(world, spec)
  return setmetatable({ world = world, spec = spec, tokens = {}, wrong = {}, count = 0,
    logins = 0 }, mt)
end

--- A text that cannot be guessed, and that must be in nothing that is handed out.
function methods:secret(what)
  self.count = self.count + 1
  local r, letters = random.at(self.spec.seed, what, self.count), {}
  for n = 1, 24 do
    local i = r:int(1, #LETTERS)
    letters[n] = LETTERS:sub(i, i)
  end
  return what .. "-" .. table.concat(letters) .. iam.MARK
end

--- Issues a token that is good for so long.
function methods:issue(life)
  local token = self:secret("token")
  self.tokens[token] = { from = self.world.clock.now, till = self.world.clock.now + life }
  return token
end

--- From now on that password is wrong.
function methods:forbid(user)
  self.wrong[user] = true
end

function methods.is_for(_, t)
  return t.what == "generic" and t.request:endpoint() == iam.ENDPOINT
end

--- The project that a login is for.
function iam.project_of(t)
  return t.spec.body and t.spec.body:match('"project":{"id":"([^"]+)"}') or iam.PROJECT
end

--- Who asks, of a request to IAM; else "".
function methods:who(t)
  if not self:is_for(t) then return "" end
  local signed = (t.spec.headers or {}).Authorization
  return t.spec.body and t.spec.body:match('"name":"(u%d+)"')
    or signed and signed:match("Access=(%w+)") or "?"
end

-- Whether all tokens were revoked between two points of time.
local function is_revoked(self, from, at)
  for _, age in ipairs(self.spec.revoked or {}) do
    local when = clock.at(age)
    if from < when and when <= at then return true end
  end
  return false
end

--- Why a request for a job is refused for its token; nil where it is not. Keys are never wrong.
function methods:refusal(t)
  if not t.token then return nil end
  local known = self.tokens[t.token]
  if not known then return "no such token: " .. t.token end
  if t.arrives >= known.till then return "the token is over" end
  if is_revoked(self, known.from, t.arrives) then return "the token was revoked" end
end

local function stamp(at)
  return os.date("!%Y-%m-%dT%H:%M:%S.000000Z", math.floor(clock.true_time(at)))
end

local function answer_login(self, t)
  local user = self:who(t)
  if self.wrong[user] then
    return flaws.fail("auth", t, { code = "1003", message = "wrong password: " .. t.spec.body })
  end
  local token = self:issue(self.spec.token_life)
  local known = self.tokens[token]
  known.from, known.till = t.arrives, t.arrives + self.spec.token_life
  self.logins = self.logins + 1
  local life = self.spec.says_life == false and "" or (',"issued_at":"%s","expires_at":"%s"')
    :format(stamp(known.from), stamp(known.till))
  return { status = 201, value = { status = 201, headers = { ["x-subject-token"] = token },
    body = ('{"token":{"project":{"id":"%s"}%s}}'):format(iam.project_of(t), life) } }
end

--- Answers a request to IAM.
function methods:answer(t)
  if t.spec.method == "POST" then return answer_login(self, t) end
  return { status = 200, value = { status = 200, headers = {},
    body = ('{"projects":[{"id":"%s"}]}'):format(iam.PROJECT) } }
end

return iam
