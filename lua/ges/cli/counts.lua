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

local function with_failed(shown, failed)
  return failed > 0 and ("%s (%.0f failed)"):format(shown, failed) or shown
end

--- "3/6 (1 failed)"; nil where there is nothing to count.
---@param files? table
---@return string?
function counts.files(files)
  if not files or files.total == 0 then return nil end
  return with_failed(("%d/%d"):format(counts.done(files), files.total), files.failed)
end

--- "1000 (5 failed)"; nil where there is nothing to count.
---@param lines? table
---@return string?
function counts.lines(lines)
  if not lines or lines.total == 0 then return nil end
  return with_failed(("%.0f"):format(lines.total), lines.failed)
end

return counts
