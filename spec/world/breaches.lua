-- SPDX-License-Identifier: MIT
-- world.breaches: for each law a library that breaks it, as a change of its text: the world has to
-- name that law. Tried by world_spec.lua through `run.lua breaches`. Pure data.

local SCHEDULER, WAITER = "lua/ges/wait/scheduler.lua", "lua/ges/wait/waiter.lua"
local ENGINE, CALL = "lua/ges/host/engine.lua", "lua/ges/call/init.lua"
local CLIENT, WAIT = "lua/ges/client.lua", "lua/ges/wait/init.lua"
local PROVIDER = "lua/ges/credentials/provider.lua"

return {
  { law = "one login at a time", file = ENGINE,
    text = "  local entry = join(self, call, key, stop)\n",
    put = "  local entry = join and nil\n" },
  { law = "no login after a refusal", file = PROVIDER,
    text = "  if f and (f.info.final or (f.at <= now and now < f.till)) then",
    put = "  if f and now < f.at then",
    also = { file = PROVIDER, text = "    if not known.accepted then known.refusal = info end\n",
      put = "" } },
  { law = "max_rate", file = SCHEDULER, text = "(self.next_at <= now or is_over(self, now))",
    put = "(self.next_at <= now + 1 or is_over(self, now))" },
  { law = "one request at a time", file = SCHEDULER,
    text = "    core.put(ready, sleeping:pop())\n",
    put = "    local n = sleeping:pop()\n    core.put(ready, n)\n    core.put(ready, n)\n" },
  { law = "max_in_flight", file = SCHEDULER, text = "  return self.in_flight < self.max_in_flight",
    put = "  return self.in_flight <= self.max_in_flight" },
  { law = "sent once", file = CLIENT, text = "local IDEMPOTENT = { GET = true,",
    put = "local IDEMPOTENT = { GET = true, POST = true," },
  { law = "retries", file = CALL, text = "  if n >= retries or", put = "  if n > retries or" },
  { law = "Retry-After", file = WAITER,
    text = "    delay = max(delay, min(wish, RETRY_AFTER_LONGEST))\n", put = "" },
  { law = "nothing after the end", file = WAIT,
    text = "    if not run.settled then run:cancel() end\n", put = "" },
  { law = "nothing after the verdict", file = SCHEDULER,
    text = "    settle(self, n, w, a, b, c)\n",
    put = "    settle(self, n, w, a, b, c)\n    self.verdicts[n] = false\n"
      .. "    self.left = self.left + 1\n    core.put(self.ready, n)\n" },
  { law = "known requests", file = SCHEDULER, text = "of.job_id[n] or self.job\n",
    put = "(of.job_id[n] or self.job) .. \"x\"\n" },
  { law = "no call hangs", file = ENGINE,
    text = "  if seconds > 0 then host.park(self, task, seconds) else self:step(0) end\n",
    put = "  if seconds <= 0 then self:step(0)\n"
      .. "  elseif host.blocking then host.park(self, task, seconds)\n"
      .. "  else coroutine.yield() end\n" },
  { law = "no call spins", file = SCHEDULER, text = "    self.sleeping:push(now + a, n)\n",
    put = "    core.put(self.ready, n)\n" },
  { law = "one engine", file = CLIENT, text = "      if state.closed then made:close() end\n",
    put = "",
    also = { file = CLIENT, text = "    if engine then engine:close() end\n", put = "" } },
  { law = "nothing is kept", file = ENGINE,
    text = "  self.waiting[id] = nil\n  if not attempt or", put = "  if not attempt or" },
  { law = "form", file = WAITER, text = "  if kind then info.kind, info.message,",
    put = "  if kind then info.kind_of, info.message," },
  { law = "no secret is shown", file = CALL,
    text = "  return err, info\nend\n\n-- One HTTP exchange",
    put = "  info.by = self.creds and self.creds.token\n"
      .. "  return err, info\nend\n\n-- One HTTP exchange" },
  { law = "truth", file = WAITER, text = "    finish(w, job, nil, info)\n",
    put = "    finish(w, copy(job), nil, info)\n" },
  { law = "no answer is lost", file = WAITER,
    text = "  if outcome ~= \"pending\" and job_of.terminal(job) then",
    put = "  if outcome ~= \"pending\" and job_of.terminal(job) and before then" },
  { law = "attempts", file = WAITER, text = "w.attempts + (info.attempts or 1)",
    put = "w.attempts + 1" },
  { law = "a last poll", file = WAITER, text = "  delay = min(delay, left)\n  w.due",
    put = "  w.due" },
  { law = "the last error", file = WAITER, text = "  return w.cut and w.err ~= nil",
    put = "  return false and w.err ~= nil" },
  { law = "time", file = SCHEDULER, text = "local GRACE = 1 ", put = "local GRACE = 6 " },
  { law = "one verdict", file = SCHEDULER, text = "    core.put(self.events, event)\n",
    put = "    core.put(self.events, event)\n    core.put(self.events, event)\n" },
  { law = "no event after the end", file = SCHEDULER,
    text = "      self.events = new_queue()\n      if not ok then error(verdict, 0) end\n"
      .. "      return nil\n",
    put = "      if not ok then error(verdict, 0) end\n" },
  { law = "on_request", file = CALL, text = "info.attempts > 0 then\n    on_request",
    put = "info.attempts >= 0 then\n    on_request" },
  { law = "nothing is thrown", file = SCHEDULER, text = "w:cancel(\"closed\")",
    put = "w:cancel(\"close\")" },
}
