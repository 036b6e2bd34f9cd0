-- SPDX-License-Identifier: MIT
-- context.place: where a call goes and for which project, and where projects are looked up and
-- users log in. Several sources may say so: the nearest one counts.
-- Pure, but for variables that a source reads when its fields are. Owns the ranks. Called by
-- ges.context, by the client for its defaults, by ges.util.probe, ges.health and the command.

local env = require("ges.credentials.env")
local regions = require("ges.credentials.regions")

local place = {}

---@class ges.Source
---@field endpoint? string
---@field region? string
---@field cloud? string
---@field project_id? string
---@field project? string        the project's name
---@field iam_endpoint? string
---@field getenv? fun(name: string): string?  of the source's own environment

---@class ges.Sources
---@field call ges.Source        the call's options over the client's
---@field defaults ges.Source    the client's, also those that the call's replace
---@field own ges.Source         what the provider of the credentials says
---@field variables ges.Source   the environment
---@field [integer] ges.Source   these, the nearest first

--- The sources of a call.
---@param settings table the call's options over the client's
---@param own? ges.Source
---@param defaults? table
---@return ges.Sources
function place.sources(settings, own, defaults)
  own, defaults = own or {}, defaults or {}
  local variables = env.place(own.getenv or os.getenv)
  return { settings, defaults, own, variables, call = settings, defaults = defaults, own = own,
    variables = variables }
end

-- The nearest source with one of two fields.
local function nearest(sources, one, other)
  for _, source in ipairs(sources) do
    if source[one] or source[other] then return source end
  end
end

-- The cloud of the source that names the region, or that of a nearer one, which names no region.
local function cloud_at(sources, naming)
  for _, source in ipairs(sources) do
    if source.cloud or source == naming then return source.cloud, source end
  end
end

---@class ges.Where
---@field source ges.Source   which names it
---@field endpoint? string    absent for a region that is refused
---@field err? string         why it is refused
---@field region? string      as named; absent where an endpoint is
---@field cloud? string
---@field cloud_source? ges.Source
---@field variable? string    says what the region's endpoint is

--- Where a call goes. The nearest source that names an endpoint or a region counts alone.
---@param sources ges.Sources
---@return ges.Where? where nil where no source names it
function place.where(sources)
  local source = nearest(sources, "endpoint", "region")
  if not source then return nil end
  local cloud, by = cloud_at(sources, source)
  if source.endpoint then
    return { source = source, endpoint = source.endpoint, cloud_source = by,
      err = cloud and "the cloud is given without a region, beside an endpoint: give region"
        or nil }
  end
  local where = { source = source, region = source.region, cloud = cloud, cloud_source = by }
  where.endpoint, where.err = regions.endpoint(source.region, cloud)
  if where.endpoint and (not cloud or by == sources.variables) then
    local other, variable = env.region_endpoint(sources.variables.getenv, source.region)
    if other then where.endpoint, where.variable = other, variable end
  end
  return where
end

--- Region and cloud of look-ups and logins. `far`: the endpoint's name does not tell them, so they
--- are those of another source, or not known; no password goes there.
---@return string? region, string? cloud, boolean far
---@return string? variable which names such an endpoint of a region
function place.realm(sources)
  local where = place.where(sources)
  if not where or not where.endpoint then return nil, nil, false end
  if where.region and not where.variable then return where.region, where.cloud, false end
  local region, cloud = regions.of_endpoint(where.endpoint)
  if region then return where.region or region, cloud, false end
  local source = nearest(sources, "region", "region")
  if not source then return nil, nil, true end
  return source.region, (cloud_at(sources, source)), true, where.variable
end

--- The project of a call that does not name it by its id.
---@param sources ges.Sources
---@param given boolean the credentials are options of the call, which the environment goes with
---@return string? id, string? name of a project without an id
function place.project(sources, given)
  local other = given and sources.variables or sources.own
  local source = nearest({ sources.call, other }, "project_id", "project")
  if not source then return nil end
  local id = source.project_id
  return id, not id and source.project or nil
end

--- The address of IAM, where an option or a variable has it.
---@param sources ges.Sources
---@return string? address
---@return ges.Source? source
function place.iam(sources)
  local source = nearest(sources, "iam_endpoint", "iam_endpoint")
  if source then return regions.iam_address(source.iam_endpoint), source end
end

return place
