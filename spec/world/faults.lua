-- SPDX-License-Identifier: MIT
-- world.faults: defects of the Lua layer that were found and mended, as changes that put them back:
-- in `file` the `text`, which occurs once, becomes `put`. `make world FAULTS=1` shows that the
-- world finds each. Those with `by_script` are rare among the seeds: mended_spec.lua shows them by
-- a script. Pure data.

return {
  { file = "lua/ges/host/engine.lua", why = "a call waits for another's login beyond its own end",
    text = "while entry and goes_on(entry, call.host) and core.now() < stop do",
    put = "stop = huge\n  while entry and goes_on(entry, call.host) do" },
  { file = "lua/ges/host/engine.lua", why = "an attempt is entered after the engine knows of it",
    text = "pcall(inner.start, inner, request, limit, self.waiting, attempt))",
    put = "pcall(inner.start, inner, request, limit))\n"
      .. "  if id then self.waiting[id] = attempt end" },
  { file = "lua/ges/host/engine.lua", why = "an error of the core's own close is thrown",
    text = "  if is_closed(self, in_flight) then return 0, false, 0, 0 end\n", put = "" },
  { file = "lua/ges/context/init.lua", why = "what a provider throws becomes a failure",
    text = "  local creds, err, info = source:get(ctx)\n",
    put = "  local ok, creds, err, info = pcall(source.get, source, ctx)\n"
      .. "  if not ok then creds, err = nil, tostring(creds) end\n" },
  { file = "lua/ges/context/init.lua", why = "the marks of the providers show in info",
    text = "  own.final, own.accepted, own.own, own.waited = nil, nil, nil, nil", put = "" },
  { file = "lua/ges/wait/scheduler.lua",
    why = "a process that stood still beyond the deadline makes no last poll",
    text = "    self.stop = now + GRACE\n", put = "    self.stop = self.deadline + GRACE\n" },
  { file = "lua/ges/wait/scheduler.lua",
    why = "an error of a listener leaves the attempts under way",
    text = "    if not ok or verdict == false then\n      self:cancel()\n",
    put = "    if not ok or verdict == false then\n      if ok then self:cancel() end\n" },
  { file = "lua/ges/wait/scheduler.lua", why = "a spare attempt keeps the ids of another job",
    text = "  if attempt.n == n and attempt.project_id then return true end\n",
    put = "  if attempt.n and attempt.project_id then return true end\n" },
  { file = "lua/ges/client.lua", why = "a finalizer makes a second engine of a client",
    by_script = true,
    text = "    if engine then\n      made:close()\n    else\n",
    put = "    if not made then\n      made:close()\n    else\n" },
  { file = "lua/ges/wait/scheduler.lua",
    why = "the poll after a login may last as long as before it",
    text = "  return now < self.deadline - SLACK and self.deadline or self.stop\n",
    put = "  return self.stop\n" },
  { file = "lua/ges/wait/scheduler.lua", why = "jobs whose turn never came hold up the end",
    text = "    or now < self.stop and self.stop or now + GRACE)\n",
    put = "    or now + GRACE)\n" },
  { file = "lua/ges/wait/init.lua", why = "the first poll after a list keeps to no rate",
    text = ", next_at = span.next_at,", put = "," },
  { file = "lua/ges/wait/patient.lua", why = "the retries of a list keep to no rate",
    text = "    if act == \"ask\" then keep_rate(one, span) end\n",
    put = "    if act == \"ask\" and not w.err then keep_rate(one, span) end\n" },
  { file = "lua/ges/wait/patient.lua",
    why = "a list's second request after a refused token keeps to no rate",
    text = "      if about.attempts > 1 then\n", put = "      if false then\n" },
  { file = "lua/ges/wait/patient.lua",
    why = "the end that cuts a list's request short hides the service's last error",
    text = "      if core.now() >= span.deadline then w:cut_short() end\n", put = "" },
  { file = "lua/ges/host/engine.lua",
    why = "an attempt is overdue by what ran in the middle of its start", by_script = true,
    text = "  local task = self:task(host, call.settings)\n"
      .. "  local attempt, err, info = self:start(request, task, limit)\n"
      .. "  if not attempt then return nil, err, info end\n"
      .. "  local due = engine.due(limit)\n",
    put = "  local task, due = self:task(host, call.settings), engine.due(limit)\n"
      .. "  local attempt, err, info = self:start(request, task, limit)\n"
      .. "  if not attempt then return nil, err, info end\n" },
  { file = "lua/ges/wait/waiter.lua",
    why = "the wait's own end that cuts an attempt hides the service's last error",
    text = "  return w.cut and w.err ~= nil and info.kind == \"timeout\"\n",
    put = "  return false\n" },
  { file = "lua/ges/credentials/provider.lua",
    why = "calls at the same time send a wrong password several times",
    text = "    while not known.accepted and not known.refusal and ctx.share do\n",
    put = "    while not known.refusal and ctx.share and false do\n" },
}
