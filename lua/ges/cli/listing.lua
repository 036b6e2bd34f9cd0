-- SPDX-License-Identifier: MIT
-- cli.listing: asks for a list of jobs, with progress, and says so where it is empty or has failed.
-- Owns nothing. Called by ges.cli.jobs and ges.cli.wait.

local exit = require("ges.cli.exit")
local output = require("ges.cli.output")
local progress = require("ges.cli.progress")

local listing = {}

--- Runs `ask(ctx, opts, on_event)`, which returns jobs, or nil and a failure. That is explained
--- here.
---@param ctx ges.cli.Context
---@param ask fun(ctx: ges.cli.Context, opts: table, on_event: fun(event: table)): table[]?,
---  string?, ges.Info
---@param opts table
---@param what? string is listed, of a list that may take as long as a wait: it has progress in a
---  log, too
---@return table[]? jobs
---@return ges.Info info
---@return integer? code what to exit with where there are no jobs
function listing.ask(ctx, ask, opts, what)
  local view = progress.new(ctx, { what or "" }, what and "listing " .. what)
  ctx.watch(view)
  if what or ctx.screen.live then ctx.begin() end
  local jobs, err, info = ask(ctx, opts, function(event) view:event(event) end)
  ctx.check()
  ctx.clear()
  ctx.warn(info)
  if err then ctx.message(err) end
  return jobs, info, err and exit.of_kind(info.kind)
end

--- Writes records of a list, of one or none as of many.
---@param ctx ges.cli.Context
---@param records table[]
function listing.write(ctx, records)
  local form, has_header = output.form(ctx.values.output), not ctx.values.no_header
  ctx.screen:write(form.records(ctx.screen, records, true, has_header, true))
end

--- Writes an empty list, which is a success, and says on stderr why it is empty.
---@param ctx ges.cli.Context
---@param why string
---@return integer code
function listing.none(ctx, why)
  listing.write(ctx, {})
  if not ctx.values.quiet then ctx.message(why) end
  return exit.OK
end

return listing
