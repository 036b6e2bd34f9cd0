-- SPDX-License-Identifier: MIT
-- cli.counts: the files and lines of a job in a few characters, from its summary.
-- Pure; owns what counts as done. Called by ges.cli.layout, output and track and by ges.nvim.waits.

local counts = {}

--- Files that are done, whatever became of them.
---@param files { success: integer, partial: integer, failed: integer }
---@return integer
function counts.done(files)
  return files.success + files.partial + files.failed
end

-- What comes behind a number: "1 in part, 2 failed" in parentheses, as far as there are any.
local function with_bad(shown, partial, failed)
  local parts = {}
  if partial > 0 then parts[1] = ("%.0f in part"):format(partial) end
  if failed > 0 then parts[#parts + 1] = ("%.0f failed"):format(failed) end
  return #parts > 0 and ("%s (%s)"):format(shown, table.concat(parts, ", ")) or shown
end

--- "3/6 (1 in part, 1 failed)"; nil where there is nothing to count.
---@param files? table
---@return string?
function counts.files(files)
  if not files or files.total == 0 then return nil end
  return with_bad(("%d/%d"):format(counts.done(files), files.total), files.partial, files.failed)
end

--- "1000 (5 failed)", "5 failed" where the service gives no total; nil where there is nothing to
--- count.
---@param lines? table
---@return string?
function counts.lines(lines)
  if not lines or lines.total == 0 and lines.failed == 0 then return nil end
  if lines.total == 0 then return ("%.0f failed"):format(lines.failed) end
  return with_bad(("%.0f"):format(lines.total), 0, lines.failed)
end

return counts
