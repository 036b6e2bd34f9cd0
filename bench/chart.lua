-- SPDX-License-Identifier: MIT
-- bench/chart.lua: bars as SVG, readable on a light and on a dark page.
-- Pure: rows in, text out. Called by bench/picture.lua.

local chart = {}

local ROW, BAR, LEFT, WIDTH, RIGHT = 44, 16, 310, 400, 130

local HEAD = [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img"
  font-family="system-ui, sans-serif" font-size="13">
<title>%s</title>
<style>
  text { fill: #24292f } .note { fill: #57606a; font-size: 12px }
  .other { fill: #8c959f } .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9198a1 }
    .other { fill: #6e7681 } .ours { fill: #4493f8 }
  }
</style>
]]

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

local function escape(text)
  return (text:gsub("[&<>]", ESCAPES))
end

--- Draws rows { name, value, ours, lacks }, the latter in small letters below a bar; a bar longer
--- than `cap` is cut and says so by its figure.
---@param title string
---@param notes string[] lines below the title
---@param unit string
---@param rows table[]
---@param cap number
---@return string svg
function chart.bars(title, notes, unit, rows, cap)
  local top = 34 + 18 * #notes
  local width, height = LEFT + WIDTH + RIGHT, top + ROW * #rows
  local out = { HEAD:format(width, height, width, height, escape(title)) }
  out[#out + 1] = ('<text x="0" y="16" font-weight="600">%s</text>'):format(escape(title))
  for i, note in ipairs(notes) do
    out[#out + 1] = ('<text x="0" y="%d" class="note">%s</text>'):format(18 + 18 * i, escape(note))
  end
  for i, row in ipairs(rows) do
    local y = top + ROW * (i - 1)
    local length = math.max(1, math.min(row.value, cap) / cap * WIDTH)
    local figure = (row.value < 10 and "%.2f" or "%.0f"):format(row.value)
    out[#out + 1] = ('<text x="%d" y="%d" text-anchor="end"%s>%s</text>'):format(LEFT - 10, y + 13,
      row.ours and ' font-weight="600"' or "", escape(row.name))
    out[#out + 1] = ('<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" class="%s"/>'):format(
      LEFT, y, length, BAR, row.ours and "ours" or "other")
    out[#out + 1] = ('<text x="%.1f" y="%d">%s%s%s</text>'):format(LEFT + length + 8, y + 13,
      row.value > cap and "\xE2\x86\x92 " or "", figure, escape(unit))
    out[#out + 1] = ('<text x="%d" y="%d" class="note">%s</text>'):format(LEFT, y + 31,
      escape(row.lacks))
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return chart
