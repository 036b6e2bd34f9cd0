-- SPDX-License-Identifier: MIT
-- cli.facts: where the command asks, for which project, where it looks that up, whose certificates
-- it believes and for which graph it asks, each with the source that says so and with those that do
-- not count: for `ges doctor`. The ranks are those of ges.context.place and of core.trust. Owns
-- nothing. Called by ges.cli.doctor.

local core = require("ges.core")
local env = require("ges.credentials.env")
local options = require("ges.cli.options")
local place = require("ges.context.place")
local regions = require("ges.credentials.regions")
local words = require("ges.cli.words")

local facts = {}
local EISDIR = 21

-- The row of a library's option on the command line.
local ROW = {}
for _, group in ipairs { "where", "transport" } do
  for _, row in ipairs(options.groups[group]) do ROW[row.name] = row end
end

-- A value that is no URL with a password.
local function shown(value)
  if #value <= 200 and not value:find("[@?#]") then return value end
  return "(not shown)"
end

-- All that is said of these fields: { name=, field=, value= }, the nearest source first.
local function sayings(ctx, sources, fields)
  local list = {}
  local function add(name, field, value)
    if value and value ~= "" then
      list[#list + 1] = { name = name, field = field, value = value }
    end
  end
  for _, field in ipairs(fields) do add(ROW[field].flag, field, ctx.flags[field]) end
  for _, field in ipairs(fields) do add(ROW[field].env, field, ctx.getenv(ROW[field].env)) end
  for _, field in ipairs(fields) do
    add(field .. " of the profile file", field, rawget(sources.own, field))
  end
  for _, field in ipairs(fields) do
    for _, name in ipairs(env.names[field] or {}) do add(name, field, ctx.getenv(name)) end
  end
  return list
end

-- Takes the saying that was followed, of this field and value, out of the list.
local function take(list, field, value)
  for i, one in ipairs(list) do
    if one.field == field and one.value == value then return table.remove(list, i) end
  end
end

-- The words for what is left of a list.
local function unused(list)
  if #list == 0 then return "" end
  local rest = {}
  for i, one in ipairs(list) do rest[i] = ("%s=%s"):format(one.name, shown(one.value)) end
  return ("; %s %s not used"):format(table.concat(rest, ", "), #rest == 1 and "was" or "were")
end

-- Why a call refuses a value, or nil.
local function refusal(ctx, option, value)
  local opts = { endpoint = "https://ges.invalid", graph_id = "g", job_id = "j",
    insecure_http = ctx.values.insecure_http }
  opts[option] = value
  local request, err = core.prepare("ges.job_status", 1, opts)
  local why = not request and err:gsub("^ges: argument: [%l_]+ ", "") or nil
  return why and words.translate(why, "argument", words.names(ctx))
end

local function where(ctx, sources)
  local list = sayings(ctx, sources, { "endpoint", "region", "cloud" })
  local found = place.where(sources)
  if not found then return "note", "not set: give --region or --endpoint" .. unused(list) end
  local field = found.region and "region" or "endpoint"
  local value = found.source[field]
  local text = ("%s %s, from %s"):format(field, shown(value), take(list, field, value).name)
  if found.cloud then
    local cloud = take(list, "cloud", found.cloud)
    text = ("%s, in the cloud %s, from %s"):format(text, shown(found.cloud), cloud.name)
  end
  if found.err then return "bad", text .. ": " .. found.err end
  if found.variable then
    text = ("%s; its endpoint %s, from %s"):format(text, shown(found.endpoint), found.variable)
  end
  local why = refusal(ctx, "endpoint", found.endpoint)
  if why then return "bad", text .. ": the endpoint " .. why end
  return "ok", text .. unused(list)
end

-- The project that counts when no source names one: that with the name of the region.
local function region_project(sources, kind, rest)
  if kind == "token" then
    return "note", "not set: give --project, since a token does not name its project" .. rest
  end
  local region = place.realm(sources)
  if not region then return "note", "not set: give --project" .. rest end
  return "note", ("the project named %s, whose id is looked up%s"):format(shown(region), rest)
end

local function project(ctx, sources, kind)
  local list = sayings(ctx, sources, { "project_id", "project" })
  local id, name = place.project(sources, false)
  local field, value = id and "project_id" or "project", id or name
  local used = take(list, field, value)
  local rest = unused(list)
  if name and kind == "token" then
    return "bad", "a token cannot look a project up by its name: give --project"
  elseif not used then
    return region_project(sources, kind, rest)
  end
  local text = ("%s%s, from %s"):format(id and "" or "by its name, ", shown(value), used.name)
  local why = refusal(ctx, field, value)
  if why then return "bad", text .. ": it " .. why end
  return "ok", text .. rest
end

-- What region and cloud say, or that they are not known.
local function iam_by_region(sources, kind)
  local region, cloud, far = place.realm(sources)
  if far and kind ~= "keys" then
    return kind == "password" and "bad" or "note",
      "not known: the endpoint's name does not show it; give --iam-endpoint for logins"
  elseif not far and not region then
    return "note", "not known without a region"
  end
  local address, err = regions.iam_endpoint(region, cloud)
  if not address then return "bad", err end
  if not region then return "note", address .. ", since nothing names a region" end
  return "ok", ("%s, from the %s"):format(address,
    (far or place.where(sources).region) and "region" or "endpoint's name")
end

local function iam(ctx, sources, kind)
  local address, source = place.iam(sources)
  if not address then return iam_by_region(sources, kind) end
  local list = sayings(ctx, sources, { "iam_endpoint" })
  local text = shown(address) .. ", from " .. take(list, "iam_endpoint", source.iam_endpoint).name
  local why = refusal(ctx, "iam_endpoint", address)
  if why then return "bad", text .. ": it " .. why end
  return "ok", text .. unused(list)
end

-- Whose certificates are believed, by the options or by the variables.
local function trust_of(ctx)
  local values = ctx.values
  if values.ca_file or values.ca_path then
    return values.ca_file, values.ca_path, "ca_file", "ca_path"
  end
  return core.trust(env.trust(ctx.getenv))
end

-- Why a file or folder of authorities cannot be read, or nil.
local function unreadable(path, is_folder)
  local mode, err, code = core.filemode(path)
  if mode or is_folder and (code == EISDIR or path:find(":", 1, true)) then return nil end
  return err
end

-- The words for the system's authorities, whose file and folder the environment may name. What does
-- is taken out of the list.
local function system_trust(list, file, path)
  local names = {}
  for i = #list, 1, -1 do
    if list[i].value == file or list[i].value == path then
      table.insert(names, 1, table.remove(list, i).name)
    end
  end
  if #names == 0 then return "the system's" end
  return ("the system's, which %s %s"):format(table.concat(names, " and "),
    #names == 1 and "names" or "name")
end

local function trust(ctx)
  if ctx.values.no_verify then return "note", "no certificate is checked (--no-verify)" end
  local list, parts, why = sayings(ctx, { own = {} }, { "ca_file", "ca_path" }), {}, nil
  local variables = env.trust(ctx.getenv)
  for _, name in ipairs(core.trust_names()) do
    if variables[name] then
      list[#list + 1] = { name = name, field = name, value = variables[name] }
    end
  end
  local file, path, file_by, path_by = trust_of(ctx)
  for _, one in ipairs { { take(list, file_by, file) }, { take(list, path_by, path), true } } do
    local used, is_folder = one[1], one[2]
    if used then
      parts[#parts + 1] = ("%s, from %s"):format(used.value, used.name)
      why = why or unreadable(used.value, is_folder)
    end
  end
  local text = #parts == 0 and system_trust(list, file, path) or table.concat(parts, "; ")
  if why then return "bad", text .. ": " .. why end
  return "ok", text .. unused(list)
end

local function graph(ctx)
  local list = sayings(ctx, { own = {} }, { "graph_id" })
  local used = take(list, "graph_id", ctx.values.graph_id)
  if not used then return "note", "not set: give --graph" end
  local text = ("%s, from %s"):format(shown(used.value), used.name)
  local why = refusal(ctx, "graph_id", used.value)
  if why then return "bad", text .. ": it " .. why end
  return "ok", text .. unused(list)
end

--- What decides each fact.
---@param ctx ges.cli.Context
---@param own? ges.Source what the provider of the credentials says
---@param kind? "token"|"keys"|"password" of the credentials, where they are known
---@return { [1]: string, [2]: "ok"|"note"|"bad", [3]: string }[] name, state, detail
function facts.list(ctx, own, kind)
  local sources = place.sources(ctx.values, own)
  local list = {}
  for _, one in ipairs { { "where", where }, { "project", project }, { "iam", iam },
    { "trust", trust }, { "graph", graph } } do
    list[#list + 1] = { one[1], one[2](ctx, sources, kind) }
  end
  return list
end

return facts
