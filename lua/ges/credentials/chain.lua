-- SPDX-License-Identifier: MIT
-- credentials.chain: the first provider that has something.
-- Owns which one that was. Called through ges.credentials, and by the client when a call names
-- no credentials.

local common = require("ges.credentials.provider")
local env = require("ges.credentials.env")
local profile = require("ges.credentials.profile")

local function check(providers)
  if type(providers) ~= "table" then
    error("chain: a list of providers is expected, got a " .. type(providers), 3)
  end
  for key in pairs(providers) do
    if type(key) ~= "number" or key < 1 or key > #providers then
      error("chain: a list of providers is expected, got a field '" .. tostring(key) .. "'", 3)
    end
  end
  for i, provider in ipairs(providers) do
    if type(provider) ~= "table" or type(provider.get) ~= "function" then
      error(("chain: number %d is not a provider"):format(i), 3)
    end
  end
end

--- A provider that asks others in order. One that has nothing is passed over; one that fails ends
--- the search, because going on would use other credentials than those the user set up.
---@param providers? ges.Provider[] environment, then profile file by default
---@return ges.Provider
return function(providers)
  if providers ~= nil then check(providers) end
  local all = {}
  for i, provider in ipairs(providers or {}) do all[i] = provider end
  if #all == 0 then all = { env(), profile() } end
  local current
  return common.provider("chain", function(_, ctx)
    local tried = {}
    for i, provider in ipairs(all) do
      local creds, err, info = provider:get(ctx)
      if creds then
        current = provider
        return creds
      end
      if not (info and info.absent) then return nil, err, info end
      tried[i] = tostring(provider.kind or i) .. ": " .. tostring(err)
    end
    return common.absent("no credentials found; tried " .. table.concat(tried, "; "))
  end, function(_, ctx, rejected)
    if not current or not current.refresh then return nil end
    return current:refresh(ctx, rejected)
  end)
end
