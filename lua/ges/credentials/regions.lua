-- SPDX-License-Identifier: MIT
-- regions: from the name of a region to the endpoint of a service there.
-- Pure. Called by ges.context.place, ges.credentials.iam and ges.cli.facts. Regions are an open
-- set: any well-formed name is accepted.

local core = require("ges.core")

local regions = {}
local DOMAIN = "myhuaweicloud.com"

-- The domain of a region's public endpoints.
local function domain_of(region)
  return region:find("^eu%-west%-1%d%d$") and "myhuaweicloud.eu" or DOMAIN
end

-- A refused name is shown only when it is harmless to show.
local function quoted(name)
  if #name <= 64 and not name:find("[^%w%-._/: ]") then return " '" .. name .. "'" end
  return ""
end

-- One DNS label in lower case.
local function is_label(s)
  return #s <= 63 and s:find("^[a-z0-9]") ~= nil and s:find("[^a-z0-9-]") == nil
    and s:sub(-1) ~= "-"
end

local function check_region(region)
  if type(region) ~= "string" then return "a region must be a string, got a " .. type(region) end
  if region == "" then return "the region is empty" end
  local lower = region:lower()
  if lower ~= region and is_label(lower) then
    return "the region" .. quoted(region) .. " must be in lower case: " .. lower
  end
  if not is_label(region) then
    return "the region" .. quoted(region) .. " is malformed: expected a name like cn-north-4"
  end
  local outer = region:match("^(.+%-%d+)%l$")
  if outer then
    return "'" .. region .. "' is an availability zone: use the region " .. outer
  end
end

local function check_cloud(cloud)
  if type(cloud) ~= "string" then return "a cloud must be a string, got a " .. type(cloud) end
  local dots = 0
  for label in (cloud .. "."):gmatch("([^.]*)%.") do
    if not is_label(label) then dots = 0 break end
    dots = dots + 1
  end
  if dots < 2 or #cloud > 200 then
    return "the cloud" .. quoted(cloud) .. " is malformed: expected a domain like " .. DOMAIN
  end
end

local function url(service, region, cloud)
  local err = check_region(region) or (cloud ~= nil and check_cloud(cloud)) or nil
  if err then return nil, err end
  return "https://" .. service .. "." .. region .. "." .. (cloud or domain_of(region))
end

--- The endpoint of GES in a region.
---@param region string like "cn-north-4"
---@param cloud? string the domain of another cloud, like "hc.sbercloud.ru"
---@return string? endpoint, string? err
function regions.endpoint(region, cloud)
  return url("ges", region, cloud)
end

--- What the name of an endpoint of GES tells: ges.<region>.<cloud>.
---@param endpoint string
---@return string? region nil for another name
---@return string? cloud
function regions.of_endpoint(endpoint)
  local host = core.endpoint(endpoint) or ""
  local region, cloud = host:match("^ges%.(%l[%l%d-]*%-%d+)%.([^:]+)")
  if region and not check_region(region) and not check_cloud(cloud) then return region, cloud end
end

--- An address of IAM as it was given, without what belongs to its paths.
---@param given string
---@return string endpoint
function regions.iam_address(given)
  local rest = given:gsub("/+$", "")
  rest = rest:match("^(.*)/v3/auth/tokens$") or rest:match("^(.*)/v3$") or rest
  return (rest:gsub("/+$", ""))
end

--- The endpoint of IAM in a region; without one, the global endpoint.
---@return string? endpoint, string? err
function regions.iam_endpoint(region, cloud)
  if region ~= nil then return url("iam", region, cloud) end
  local err = cloud ~= nil and check_cloud(cloud)
  if err then return nil, err end
  return "https://iam." .. (cloud or DOMAIN)
end

return regions
