-- SPDX-License-Identifier: MIT
-- bench/chart.lua: bars as SVG, readable on a light and on a dark page.
-- Pure: rows in, text out. Called by bench/run.lua.

local chart = {}

local ROW, BAR, LEFT, WIDTH, RIGHT = 26, 16, 310, 400, 130

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

--- Draws rows { name, value, ours }; a bar longer than `cap` is cut and says so by its figure.
---@param title string
---@param note string
---@param unit string
---@param rows table[]
---@param cap number
---@return string svg
function chart.bars(title, note, unit, rows, cap)
  local width, height = LEFT + WIDTH + RIGHT, 62 + ROW * #rows
  local out = { HEAD:format(width, height, width, height, escape(title)) }
  out[#out + 1] = ('<text x="0" y="16" font-weight="600">%s</text>'):format(escape(title))
  out[#out + 1] = ('<text x="0" y="36" class="note">%s</text>'):format(escape(note))
  for i, row in ipairs(rows) do
    local y = 50 + ROW * (i - 1)
    local length = math.max(1, math.min(row.value, cap) / cap * WIDTH)
    local figure = (row.value < 10 and "%.2f" or "%.0f"):format(row.value)
    out[#out + 1] = ('<text x="%d" y="%d" text-anchor="end"%s>%s</text>'):format(LEFT - 10, y + 13,
      row.ours and ' font-weight="600"' or "", escape(row.name))
    out[#out + 1] = ('<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" class="%s"/>'):format(
      LEFT, y, length, BAR, row.ours and "ours" or "other")
    out[#out + 1] = ('<text x="%.1f" y="%d">%s%s%s</text>'):format(LEFT + length + 8, y + 13,
      row.value > cap and "\xE2\x86\x92 " or "", figure, escape(unit))
  end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return chart
