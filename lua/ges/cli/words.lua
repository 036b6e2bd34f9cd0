-- SPDX-License-Identifier: MIT
-- cli.words: what the library says, in the words of the command line: an option is named by its
-- flag, or by the variable that has given it.
-- Owns the translation. Pure. Called by ges.cli.connect, facts and doctor.

local copy = require("ges.util.copy")
local options = require("ges.cli.options")
local provider = require("ges.credentials.provider")

local words = {}

--- What to do without credentials.
words.ways = "set GES_TOKEN, give --token-file, or see ges(1) for keys"

-- The library's options by name, as they are written on the command line.
local FLAGS = { job_id = "JOB" }

for _, rows in pairs(options.groups) do
  for _, row in ipairs(rows) do
    FLAGS[row.name] = row.also and #row.flag == 2 and row.also or row.flag
  end
end

--- The names of the library's options for this command line.
---@param ctx ges.cli.Context
---@return table<string, string>
function words.names(ctx)
  local names = copy(FLAGS)
  for _, rows in pairs(options.groups) do
    for _, row in ipairs(rows) do
      local value = ctx.values[row.name]
      if value ~= nil and ctx.flags[row.name] == nil then names[row.name] = row.env end
    end
  end
  names.verify = names.no_verify
  return names
end

-- A refused value is reported as "NAME why", behind its kind or by itself.
local function translate_refusal(text, names)
  local head, rest = text:match("^(ges: %l+: )(.*)$")
  return (head or "") .. (rest or text):gsub("^[%l_]+%f[ ]", names)
end

local JOINS = { ["and"] = true, ["or"] = true, ["with"] = true }

-- The options that stand in a list, up to the first word that is neither an option nor a join.
local function translate_list(list, names)
  local out, ends = {}, false
  for word, rest in list:gmatch("([%l_]+)([ ,]*)") do
    ends = ends or not (names[word] or JOINS[word])
    out[#out + 1] = (not ends and names[word] or word) .. rest
  end
  return table.concat(out)
end

-- What the library advises to check or to give, in the words of the command.
local function translate_lists(text, names)
  for _, verb in ipairs { "check", "give", "set", "raise", "without", "only one of" } do
    text = text:gsub("(%f[%l]" .. verb .. " )([%l_][%l_ ,]*)", function(head, list)
      return head .. translate_list(list, names)
    end)
  end
  return text
end

--- A text of the library with the command's names for the library's options. Only what the text
--- marks as an option is replaced, or what cannot be another word.
---@param text string
---@param kind? string of the failure that the text explains
---@param names table<string, string> of `words.names`
---@return string
function words.translate(text, kind, names)
  text = text:gsub("^ges%.[%l_]+: ", ""):gsub("option '([%l_]+)'", names)
    :gsub("([%l_]+) = %l+", names)
  text = translate_lists(text, names)
  if kind == "argument" or text:find("^ges: proxy: proxy %l+ [%lu]") then
    text = translate_refusal(text, names)
  end
  if kind == "credentials" then
    text = text:gsub(provider.ways, words.ways)
  end
  return kind and text:gsub("%f[%w_./'-]%l+_[%l_]+%f[^%w_/.'-]", names) or text
end

-- Failures that the library words, whatever the service answered.
local OWN_WORDS = { argument = true, credentials = true, too_large = true }

-- Whether the service worded a failure: its words stay as they are.
local function is_quoted(info)
  return info.http_status ~= nil and not OWN_WORDS[info.kind]
end

-- The same for what the service worded: only the advice at its end is the library's.
local function translate_advice(text, names)
  local rest = text:match("%s%([^()]*%)$") or "" -- of a wait: why it gave up
  local said, advice = text:sub(1, #text - #rest):match("^(.*)(; [^;]*)$")
  return said and said .. translate_lists(advice, names) .. rest or text
end

--- What came of a call or of a poll, with its texts translated.
---@param said { err?: string, info?: table }
---@param names table<string, string> of `words.names`
---@return table said the same table
function words.reword(said, names)
  local info = said.info or {}
  for i, warning in ipairs(info.warnings or {}) do
    info.warnings[i] = words.translate(warning, nil, names)
  end
  if not said.err then return said end
  if is_quoted(info) then
    said.err = translate_advice(said.err, names)
    return said
  end
  said.err = words.translate(said.err, info.kind, names)
  if info.message then info.message = words.translate(info.message, info.kind, names) end
  return said
end

return words
