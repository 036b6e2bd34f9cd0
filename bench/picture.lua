-- SPDX-License-Identifier: MIT
-- bench/picture.lua: draws doc/bench.svg from a table of bench/results.md: what asking for a job's
-- status costs with ges and with what one would use instead, and what each of these leaves out (see
-- bench/clients).
--   lua5.4 bench/picture.lua > doc/bench.svg
-- Measures nothing. Owns the words. Also called by bench/run.lua; spec/papers compares the two.

local chart = require("bench.chart")

local TABLE = "HTTPS, HTTP/1.1, one CA, token of 6,344 bytes"
local CAP = 8

-- The beginning of a row's name, and what is said of it.
local LACKS = {
  { "C, bare libcurl",
    "leaves out: decoding. This is the cost that any client built on libcurl has" },
  { "ges", "leaves out nothing of the above" },
  { "lua-curl + cjson, handle reused", "leaves out: HTTP status, time limits" },
  { "lua-curl + cjson, new handle", "leaves out: HTTP status, time limits, kept connections" },
  { "lua-http + cjson, connection kept", "leaves out: HTTP status, proxies, reconnects" },
  { "lua-http + cjson, request:go", "leaves out: HTTP status, kept connections" },
  { "LuaSocket + cjson, http.request", "leaves out: HTTP status, kept connections" },
  { "LuaSocket + cjson, hand-written", "leaves out: time limits, chunks, proxies, reconnects" },
  { "python3-requests", "leaves out nothing else; needs Python" },
  { "curl, a process",
    "leaves out: decoding, time limits, kept connections; `ps` shows the token" },
}

local function lacks_of(name)
  for _, row in ipairs(LACKS) do
    if name:sub(1, #row[1]) == row[1] then return row[2] end
  end
  error("bench/picture.lua does not say what this leaves out: " .. name)
end

-- The rows of a table: names and "x floor", the smallest first.
local function rows_of(text)
  local from = select(2, assert(text:find("\n## " .. TABLE .. "\n", 1, true)))
  local rows = {}
  for line in text:sub(from, text:find("\n## ", from, true)):gmatch("| (%w[^\n]*)") do
    local name, ratio = line:match("^(.-) |[^|]*|[^|]*| ([%d.]+) |")
    if ratio then
      rows[#rows + 1] = { name = name, value = tonumber(ratio), ours = name:find("^ges") ~= nil,
        lacks = lacks_of(name) }
    end
  end
  table.sort(rows, function(a, b) return a.value < b.value end)
  return rows
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local picture = {}

--- The picture of what a text like bench/results.md has.
---@param text string
---@return string svg
function picture.of(text)
  return chart.bars("CPU of asking for one job's status, bare libcurl = 1", {
    "HTTPS on loopback, a token of 6,344 bytes; lower is better. Figures: bench/results.md.",
    "Only ges retries, checks the answer, distinguishes failures and keeps tokens out of messages.",
    "Below each bar: what else that client leaves out. \xE2\x86\x92: the bar is cut off.",
  }, "x", rows_of(text), CAP)
end

if arg and arg[0] and arg[0]:find("picture%.lua$") then
  io.write(picture.of(read("bench/results.md")))
end

return picture
