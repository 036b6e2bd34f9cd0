-- SPDX-License-Identifier: MIT
-- doc/schedule.lua: the picture of when a wait asks, for the README.
-- Prints an SVG; it is made by the waiter itself with a made-up clock and a fixed row of random
-- numbers, so it cannot disagree with the code:
--   lua doc/schedule.lua > doc/schedule.svg

local waiter = require("ges.wait.waiter")

local WIDTH, HEIGHT = 760, 400
local LEFT, RIGHT = 64, 736

-- Numbers of a row that is the same in every Lua.
local function row(seed)
  return function()
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  end
end

-- When the polls of a wait for a job of `life` seconds are made.
local function polls(life, seed)
  local w = waiter.new({ random = seed and row(seed) })
  local now, times, result = 0, {}, nil
  while true do
    local act, value = w:next(now, result)
    result = nil
    if act == "done" then return times end
    if act == "sleep" then
      now = now + value
    else
      times[#times + 1] = now
      result = { job = { status = now >= life and "success" or "running" }, info = {} }
    end
  end
end

local out = {}

local function add(form, ...)
  out[#out + 1] = form:format(...)
end

local function text(class, x, y, words)
  add('<text class="%s" x="%.1f" y="%.1f">%s</text>', class, x, y, words)
end

local function line(class, x1, y1, x2, y2)
  add('<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>', class, x1, y1, x2, y2)
end

-- A scale from a range of values to a range of places.
local function scale(low, high, first, last)
  return function(value) return first + (value - low) / (high - low) * (last - first) end
end

local function axis(x, y, marks, unit)
  line("axis", LEFT, y, RIGHT, y)
  for _, mark in ipairs(marks) do
    line("axis", x(mark), y, x(mark), y + 5)
    text("small middle", x(mark), y + 19, mark .. unit)
  end
end

-- The upper half: every poll of one wait.
local function draw_wait(life)
  local x, y = scale(0, 65, LEFT, RIGHT), 92
  local times = polls(life, 20181127)
  local seen = times[#times]
  text("title", LEFT, 28, ("A job of %d s: %d polls, noticed %.1f s after its end"):format(
    life, #times, seen - life))
  add('<rect class="job" x="%.1f" y="50" width="%.1f" height="14" rx="3"/>', x(0), x(life) - x(0))
  text("small in", x(0) + 8, 61, "the job runs")
  line("end", x(life), 44, x(life), y + 10)
  for i, time in ipairs(times) do
    add('<circle class="%s" cx="%.1f" cy="%d" r="%s"/>', i == #times and "last" or "poll",
      x(time), y, i == #times and "6" or "4")
  end
  axis(x, y + 22, { 0, 10, 20, 30, 40, 50, 60 }, " s")
end

-- The lower half: the delay as it grows, with the polls of a long wait on it.
local function draw_delay()
  local x, y = scale(0, 300, LEFT, RIGHT), scale(0, 18, 352, 196)
  text("title", LEFT, 174, "The delay: a tenth of the time waited, at least 1 s, at most 15 s")
  local function corner(factor)
    return ("%.1f,%.1f %.1f,%.1f %.1f,%.1f %.1f,%.1f"):format(x(0), y(factor), x(10), y(factor),
      x(150), y(15 * factor), x(300), y(15 * factor))
  end
  for _, delay in ipairs({ 1, 5, 10, 15 }) do
    text("small end-of", LEFT - 10, y(delay) + 4, delay .. " s")
    line("grid", LEFT, y(delay), RIGHT, y(delay))
  end
  local lower = {}
  for pair in corner(0.8):gmatch("%S+") do table.insert(lower, 1, pair) end
  add('<polygon class="band" points="%s %s"/>', corner(1.2), table.concat(lower, " "))
  add('<polyline class="mean" points="%s"/>', corner(1))
  local times = polls(400, 7)
  for i = 2, #times do
    if times[i - 1] <= 300 then
      add('<circle class="poll" cx="%.1f" cy="%.1f" r="3"/>', x(times[i - 1]),
        y(times[i] - times[i - 1]))
    end
  end
  text("small", x(190), y(7.2), "each delay varies by a fifth either way")
  axis(x, 352, { 0, 60, 120, 180, 240, 300 }, " s")
  text("small end-of", RIGHT, 391, "time waited")
end

local STYLE = [[
<style>
  svg { color: #24292f; --line: #8c959f; --grid: #d0d7de; --poll: #0969da; --band: #0969da22;
    --job: #57606a; --good: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; --line: #7d8590; --grid: #30363d; --poll: #58a6ff; --band: #58a6ff2e;
      --job: #6e7681; --good: #3fb950; }
  }
  text { font: 13px system-ui, sans-serif; fill: currentColor; }
  .title { font-size: 15px; font-weight: 600; }
  .small { font-size: 12px; }
  .in { fill: #ffffff; font-size: 11px; }
  .middle { text-anchor: middle; }
  .end-of { text-anchor: end; }
  .axis { stroke: var(--line); }
  .grid { stroke: var(--grid); stroke-dasharray: 2 4; }
  .end { stroke: var(--good); stroke-width: 2; }
  .mean { fill: none; stroke: var(--poll); stroke-width: 2; }
  .band { fill: var(--band); }
  .job { fill: var(--job); }
  .poll { fill: var(--poll); }
  .last { fill: var(--good); }
</style>]]

add('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"', WIDTH, HEIGHT)
add('  aria-label="When a wait asks: often at first, every fifteen seconds later">')
out[#out + 1] = STYLE
draw_wait(56)
draw_delay()
add("</svg>")
print(table.concat(out, "\n"))
