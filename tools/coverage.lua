-- SPDX-License-Identifier: MIT
-- coverage.lua LINES BRANCHES: reads gcov's JSON documents, one a line, from standard input; adds
-- up what the same source got in different builds, and prints the share of lines and of branches
-- that were ever taken. Not well when one of the two is below its bar. Called by tools/coverage.sh.

local cjson = require("cjson")

local bar = { lines = tonumber(arg[1]), branches = tonumber(arg[2]) }

-- file name -> { lines = { [n] = count }, branches = { ["n:i"] = count } }
local files, names = {}, {}

local function file_of(name)
  local file = files[name]
  if not file then
    file = { lines = {}, branches = {} }
    files[name] = file
    names[#names + 1] = name
  end
  return file
end

local function add(file, kind, key, count)
  file[kind][key] = (file[kind][key] or 0) + count
end

for text in io.lines() do
  for _, source in ipairs(cjson.decode(text).files) do
    if source.file:find("^src/") then
      local file = file_of(source.file)
      for _, line in ipairs(source.lines) do
        add(file, "lines", line.line_number, line.count)
        for i, branch in ipairs(line.branches) do
          add(file, "branches", line.line_number .. ":" .. i, branch.count)
        end
      end
    end
  end
end

local function tally(counts)
  local hit, all = 0, 0
  for _, count in pairs(counts) do
    all = all + 1
    if count > 0 then hit = hit + 1 end
  end
  return hit, all
end

local function percent(hit, all)
  return all == 0 and 100 or 100 * hit / all
end

-- The lines of a file that were not reached, and those with a branch that was not taken.
local function missed(file)
  local lines, branches, seen = {}, {}, {}
  for n, count in pairs(file.lines) do
    if count == 0 then lines[#lines + 1] = n end
  end
  for key, count in pairs(file.branches) do
    local n = tonumber(key:match("^%d+"))
    if count == 0 and file.lines[n] > 0 and not seen[n] then
      seen[n] = true
      branches[#branches + 1] = n
    end
  end
  table.sort(lines)
  table.sort(branches)
  return table.concat(lines, " "), table.concat(branches, " ")
end

table.sort(names)
local total = { lines = { 0, 0 }, branches = { 0, 0 } }
print(("%-16s %18s %18s"):format("", "lines", "branches"))
local function row(name, l, la, b, ba)
  print(("%-16s %5d/%-5d %5.1f%% %5d/%-5d %5.1f%%"):format(name, l, la, percent(l, la), b, ba,
    percent(b, ba)))
end
for _, name in ipairs(names) do
  local l, la = tally(files[name].lines)
  local b, ba = tally(files[name].branches)
  row(name, l, la, b, ba)
  total.lines = { total.lines[1] + l, total.lines[2] + la }
  total.branches = { total.branches[1] + b, total.branches[2] + ba }
end
row("all", total.lines[1], total.lines[2], total.branches[1], total.branches[2])

print("not reached (lines; lines with a branch not taken):")
for _, name in ipairs(names) do
  local lines, branches = missed(files[name])
  if lines ~= "" then print(("%s: %s"):format(name, lines)) end
  if branches ~= "" then print(("%s, branches: %s"):format(name, branches)) end
end

local good = #names > 0
for kind, sum in pairs(total) do
  local share = percent(sum[1], sum[2])
  if share < bar[kind] then
    print(("coverage: %.1f%% of %s, at least %g%% is required"):format(share, kind, bar[kind]))
    good = false
  end
end
print(("coverage: %.1f%% of lines, %.1f%% of branches"):format(
  percent(total.lines[1], total.lines[2]), percent(total.branches[1], total.branches[2])))
os.exit(good and 0 or 1)
