-- SPDX-License-Identifier: MIT
-- credentials.token: a token, or a function that returns one.
-- Owns the last token a function returned. Called through ges.credentials, and by the provider of
-- the environment.

local provider = require("ges.credentials.provider")

local function from_string(token, project_id)
  return provider.new("token", function()
    local why = provider.refusal("the token", token)
    if why then return provider.fail("argument", why) end
    return { token = token, project_id = project_id }
  end, nil, provider.place_of({ project_id = project_id }))
end

-- One call of the user's function, checked.
local function ask(source)
  local token, err = source()
  if type(token) ~= "string" then
    if type(err) == "string" then
      return provider.fail("credentials", "the token function failed: " .. err)
    end
    return provider.fail("credentials",
      "the token function returned a " .. type(token) .. " instead of a string")
  end
  local why = provider.refusal("the token of the token function", token)
  if why then return provider.fail("argument", why) end
  return { token = token }
end

local function from_function(source)
  local last
  local function get()
    local creds, err, info = ask(source)
    last = creds and creds.token
    return creds, err, info
  end
  return provider.new("token", get, function(_, _, rejected)
    local refused = rejected and rejected.token or last
    local creds, err, info = get()
    if creds and creds.token == refused then return nil end
    return creds, err, info
  end)
end

--- A provider of one token. A function is called before every attempt and may yield; what it
--- throws is not caught.
---@param token string|fun(): string?, string?
---@param project_id? string of a string: the project it is for
return function(token, project_id)
  if type(token) == "string" then return from_string(token, project_id) end
  if type(token) == "function" then return from_function(token) end
  error("token: a string or a function is expected, got a " .. type(token), 2)
end
