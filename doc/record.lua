-- SPDX-License-Identifier: MIT
-- doc/record.lua: the recording of a terminal for the README.
-- Prints an SVG of a real run: the command waits for an import of the simulator on a
-- pseudo-terminal, and what is on the screen is kept as it changes. Takes half a minute:
--   sh tools/with.sh 5.4 lua5.4 doc/record.lua > doc/terminal.svg

local core = require("ges.core")
local kit = require("cli_kit")
local pty = require("pty")

local COLUMNS, ROWS = 80, 20
local CELL, LINE, EDGE = 8.4, 19, 20
local WIDTH, HEIGHT = COLUMNS * CELL + 2 * EDGE, ROWS * LINE + 2 * EDGE

-- Seconds between two pictures, after a command line, after its end, and at the end of all.
local FRAME, TYPED, READ, REST = 0.2, 0.8, 1.6, 6

-- The command as a shell of this tree finds it.
local SHELL = ("ges() { %s %s/bin/ges \"$@\"; }; "):format(pty.lua, pty.top)

local COLOUR = { [31] = "bad", [32] = "good", [33] = "part" }

-- What is seen: lines[row] is a list of { from =, to =, text =, colours = }, in seconds. The last
-- one of a row stays.
local lines, top, clock = {}, 0, 0

local function show(row, text, colours)
  lines[row] = lines[row] or {}
  local last = lines[row][#lines[row]]
  if last and last.text == text and not last.to then return end
  if last then last.to = last.to or clock end
  if text ~= "" then table.insert(lines[row], { from = clock, text = text, colours = colours }) end
end

local function show_screen(bytes)
  local seen, _, colours = pty.screen(bytes, COLUMNS)
  for row = 1, ROWS - top do
    if seen[row] or lines[top + row] then show(top + row, seen[row] or "", colours[row] or {}) end
  end
  return #seen
end

-- Runs a line of a shell and keeps what it shows.
local function run(line, env)
  top = top + 1
  show(top, "$ " .. line, { [1] = 90 })
  clock = clock + TYPED
  local began, origin = core.now(), clock
  local next_frame = 0
  local seen = pty.on_terminal({ "-c", SHELL .. line }, { program = { "sh" }, env = kit.env(env),
    columns = COLUMNS, rows = ROWS, on = function(seen)
      local age = core.now() - began
      if age < next_frame then return end
      clock, next_frame = origin + age, age + FRAME
      show_screen(seen.tty)
    end })
  clock = origin + seen.seconds
  top, clock = top + show_screen(seen.tty), origin + seen.seconds + READ
end

local function escape(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

-- A line's characters with a span around each colour.
local function spans(text, colours)
  local out, column, open = {}, 0, nil
  for char in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    column = column + 1
    local class = COLOUR[colours[column]] or colours[column] == 90 and "dim" or nil
    if class ~= open then
      out[#out + 1] = (open and "</tspan>" or "")
        .. (class and ('<tspan class="%s">'):format(class) or "")
      open = class
    end
    out[#out + 1] = escape(char)
  end
  return table.concat(out) .. (open and "</tspan>" or ""), column
end

-- Colours without variables: not every viewer knows those.
local STYLE = [[
<style>
  rect { fill: #ffffff; stroke: #d0d7de; }
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
    fill: #24292f; white-space: pre; }
  .dim { fill: #6e7781; }
  .good { fill: #1a7f37; }
  .bad { fill: #cf222e; }
  .part { fill: #9a6700; }
  .gone { opacity: 0; }
  @media (prefers-color-scheme: dark) {
    rect { fill: #0d1117; stroke: #30363d; }
    text { fill: #e6edf3; }
    .dim { fill: #8b949e; }
    .good { fill: #3fb950; }
    .bad { fill: #f85149; }
    .part { fill: #d29922; }
  }
  @media (prefers-reduced-motion: no-preference) {
    text { animation: %.1fs step-end infinite; }
%s
  }
</style>]]

-- When a text is there. Without animation only those are that stay.
local function key_frames(n, one, total)
  local function percent(time) return time / total * 100 end
  local out = ("0%%{opacity:0}%.2f%%{opacity:1}"):format(percent(one.from))
  if one.from == 0 then out = "0%{opacity:1}" end
  if one.to then out = ("%s%.2f%%{opacity:0}"):format(out, percent(one.to)) end
  return ("    @keyframes t%d{%s} #t%d{animation-name:t%d}"):format(n, out, n, n)
end

local function draw()
  local frames, texts, total = {}, {}, clock + REST
  for row = 1, ROWS do
    for _, one in ipairs(lines[row] or {}) do
      local n = #frames + 1
      local shown, width = spans(one.text, one.colours)
      frames[n] = key_frames(n, one, total)
      texts[n] = ('<text id="t%d"%s x="%d" y="%d" textLength="%.1f" xml:space="preserve">%s</text>')
        :format(n, one.to and ' class="gone"' or "", EDGE, EDGE + row * LINE - 5, width * CELL,
          shown)
    end
  end
  print(('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"'):format(WIDTH,
    HEIGHT))
  print('  aria-label="ges waits for an import: one line that is rewritten, then the result">')
  print(STYLE:format(total, table.concat(frames, "\n")))
  print(('<rect x="0.5" y="0.5" width="%d" height="%d" rx="8"/>'):format(WIDTH - 1, HEIGHT - 1))
  print(table.concat(texts, "\n"))
  print("</svg>")
end

kit.start()
local ok, err = pcall(function()
  local job = kit.job(6, { files = 4, lines = 250000 })
  run("ges wait $JOB", { JOB = job })
  run([[ges wait -q -o json $JOB | grep -A3 '"lines"']], { JOB = job })
  local other = kit.job(3, { outcome = "failed", fail_reason = "the disk is full" })
  run("ges wait $JOB $OTHER; echo \"exit code $?\"", { JOB = job, OTHER = other })
end)
kit.stop()
if not ok then error(err, 0) end
draw()
