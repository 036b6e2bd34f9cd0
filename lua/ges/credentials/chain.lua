-- SPDX-License-Identifier: MIT
-- credentials.chain: the first provider that has credentials.
-- Owns which one that was. Called through ges.credentials, which the client does, too, for calls
-- that name no credentials.

local copy = require("ges.util.copy")
local env = require("ges.credentials.env")
local profile = require("ges.credentials.profile")
local provider = require("ges.credentials.provider")

local function check(providers)
  if type(providers) ~= "table" then
    error("chain: a list of providers is expected, got a " .. type(providers), 3)
  end
  for key, one in pairs(providers) do
    if type(key) ~= "number" or key < 1 or key > #providers then
      error("chain: a list of providers is expected, got a field '" .. tostring(key) .. "'", 3)
    elseif type(one) ~= "table" or type(one.get) ~= "function" then
      error(("chain: number %d is not a provider"):format(key), 3)
    end
  end
end

-- What the first provider says that has credentials, as far as it can be seen without getting them.
local function place_of(all)
  for _, one in ipairs(all) do
    local own = type(one.place) ~= "function" and {} or one:place()
    if own then return own end
  end
end

--- A provider that calls others in order. One without credentials is skipped; one that fails ends
--- the search: the next would be credentials that the user did not mean.
---@param providers? ges.Provider[] environment, then profile file by default
return function(providers)
  if providers ~= nil then check(providers) end
  local all = copy(providers or {})
  if #all == 0 then all = { env.provider(), profile() } end
  local current
  return provider.new("chain", function(_, ctx)
    local tried = {}
    for i, one in ipairs(all) do
      local creds, err, info = one:get(ctx)
      if creds then
        current = one
        return creds
      end
      if not (info and info.absent) then return nil, err, info end
      tried[i] = tostring(one.kind or i) .. ": " .. tostring(err)
    end
    return provider.absent(("no credentials found; tried %s; %s"):format(
      table.concat(tried, "; "), provider.ways))
  end, function(_, ctx, rejected)
    if not current or not current.refresh then return nil end
    return current:refresh(ctx, rejected)
  end, function() return place_of(all) end)
end
