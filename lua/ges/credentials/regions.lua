-- SPDX-License-Identifier: MIT
-- regions: from the name of a region to the endpoint of a service there.
-- Pure. Called by ges.client, ges.context, ges.credentials.iam and ges.util.probe. Regions are an
-- open set: any well-formed name is accepted.

local regions = {}
local DOMAIN = "myhuaweicloud.com"

-- Regions whose public endpoints are under a domain of their own.
local DOMAIN_OF = { ["eu-west-101"] = "myhuaweicloud.eu" }

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
  return "https://" .. service .. "." .. region .. "." .. (cloud or DOMAIN_OF[region] or DOMAIN)
end

--- The endpoint of GES in a region.
---@param region string like "cn-north-4"
---@param cloud? string the domain of another cloud, like "hc.sbercloud.ru"
---@return string? endpoint, string? err
function regions.endpoint(region, cloud)
  return url("ges", region, cloud)
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
