-- SPDX-License-Identifier: MIT
-- cli.ids: cuts ids in their middle so that they fit and still differ from one another.
-- Pure; owns how narrow an id may become. Called by ges.cli.layout and live and by ges.nvim.waits.

local text = require("ges.cli.text")
local utf8 = require("ges.util.utf8")

local ids = {}

--- Columns to which an id is cut before anything but the status makes it narrower.
ids.LEAST = 12

-- Bytes that are looked at to tell names apart: so many, and so many times those of all names. The
-- names are the server's, so that without a bound they could keep the command busy for minutes.
local FEW, TIMES = 200000, 4

-- The characters of a safe text, the columns of each, and of all.
local function characters(value)
  local list, widths, count, total = {}, {}, 0, 0
  utf8.map(value, function(code, bytes)
    count = count + 1
    list[count], widths[count] = bytes, text.columns(code or 63)
    total = total + widths[count]
    return ""
  end)
  return list, widths, total
end

-- As many characters as fit into so many columns: the first ones, and the last ones.
local function beginning(list, widths, room)
  local n = 0
  while list[n + 1] and widths[n + 1] <= room do
    n, room = n + 1, room - widths[n + 1]
  end
  return table.concat(list, "", 1, n)
end

local function ending(list, widths, room)
  local at = #list + 1
  while list[at - 1] and widths[at - 1] <= room do
    at, room = at - 1, room - widths[at - 1]
  end
  return table.concat(list, "", at)
end

--- Beginning and end of a safe text in so many columns, with `mark` between them where it was cut.
---@param value string
---@param most integer
---@param mark string
---@param head? integer columns of the beginning; half of what there is
---@return string
function ids.middle(value, most, mark, head)
  if #value <= most then return value end -- no character has more columns than bytes
  local room = most - text.width(mark)
  if room < 2 then mark, room = "", math.max(most, 0) end
  head = math.min(head or math.ceil(room / 2), room)
  if not value:find("[\128-\255]") then
    return value:sub(1, head) .. mark .. value:sub(#value - room + head + 1)
  end
  local list, widths, total = characters(value)
  if total <= most then return value end
  return beginning(list, widths, head) .. mark .. ending(list, widths, room - head)
end

-- A search for a cut: its names, those that the last cut did not tell apart, and the bytes that may
-- still be looked at.
local function new_search(names, mark)
  local bytes = 0
  for _, name in ipairs(names) do bytes = bytes + #name end
  return { names = names, mark = mark, alike = {}, left = FEW + TIMES * bytes }
end

-- Whether these names, as far as they differ, still do when they are cut so; `seen` has the cuts.
local function differ(search, names, most, head, seen)
  for _, name in ipairs(names) do
    search.left = search.left - #name
    local cut = ids.middle(name, most, search.mark, head)
    if (seen[cut] or name) ~= name then
      search.alike = { seen[cut], name }
      return false
    end
    seen[cut] = name
  end
  return true
end

-- The same for all names. Two that one cut does not tell apart, the next one does not either as a
-- rule: they are looked at first.
local function tells_apart(search, most, head)
  return differ(search, search.alike, most, head, {})
    and differ(search, search.names, most, head, {})
end

-- How many columns of the beginning to keep, so that names that are cut in their middle still
-- differ; nil where no cut does that, or none was found in time.
local function head_of(search, most)
  local room = most - text.width(search.mark)
  local half = math.ceil(math.max(room, 0) / 2)
  for off = 0, half do
    for _, head in ipairs { half + off, half - off } do
      if search.left <= 0 then return nil end
      if head >= 0 and head <= room and tells_apart(search, most, head) then return head end
    end
  end
end

--- Cuts names in their middle to the least width from `least` to `most` that tells them apart, or
--- to `most`. The work is linear in the bytes of the names.
---@param names string[] safe
---@param least integer columns
---@param most integer columns
---@param mark string
---@return string[] cut
---@return integer width of the widest
function ids.shorten(names, least, most, mark)
  local search, width, head = new_search(names, mark), nil, nil
  for columns = math.min(least, most), most do
    width, head = columns, head_of(search, columns)
    if head then break end
  end
  local cut, widest = {}, 0
  for i, name in ipairs(names) do
    cut[i] = ids.middle(name, width, mark, head)
    widest = math.max(widest, text.width(cut[i]))
  end
  return cut, widest
end

return ids
