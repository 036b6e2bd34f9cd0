-- Changes to the engine, its transfers, and the admission of those that wait.

return {
  room = "multi",
  specs = {
    "spec/lua/engine_spec.lua", "spec/regress/13-streams_spec.lua",
    "spec/regress/20-nested-calls_spec.lua", "spec/regress/12-attempts_spec.lua",
    "spec/regress/22-stopped-process_spec.lua", "spec/regress/24-fork-in-hook_spec.lua",
    "spec/ges/host/engine_spec.lua", "spec/lua/faults_spec.lua", "spec/ges/host/uv_luv_spec.lua",
    "spec/engine/engine_spec.lua", "spec/regress/11-dead-connections_spec.lua",
    "spec/ges/wait/wait_all_spec.lua", "spec/faults/network_spec.lua",
    "spec/faults/process_spec.lua", "spec/engine/bounds_spec.lua",
    "spec/faults/children_spec.lua", "spec/ges/host/dns_spec.lua",
    "spec/ges/wait/attempts_spec.lua", "spec/engine/queue_spec.lua" },

  { file = "src/engine/engine.c",
    text = [[    e->curl_due = -1;
    e->safety_due = now + SAFETY;]],
    put = "    e->safety_due = now + SAFETY;",
    why = "an event loop spins once a timer of libcurl has fired",
    seen = false,
    because = "what is under way has its timeout, which libcurl tells anew once a timer fired" },

  { file = "src/engine/engine.c",
    text = "CURLMOPT_MAXCONNECTS, (long)GES_HOST_MAX",
    put = "CURLMOPT_MAXCONNECTS, 2L",
    why = "many jobs: each poll opens connections anew",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = "(long)CURLPIPE_MULTIPLEX",
    put = "(long)CURLPIPE_NOTHING",
    why = "each request has a connection of its own, HTTP/2 or not",
    spec = "spec/regress/13-streams_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[  if (t->state == GES_active)
    curl_multi_remove_handle(e->curl, t->easy.handle);
  else if (t->state != GES_queued)
    return;]],
    put = [[  if (t->state != GES_active && t->state != GES_queued)
    return;]],
    why = "a cancelled request goes on inside libcurl",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[    finish(e, t);
    ges_easy_abandon(&t->easy);
]],
    put = [[    finish(e, t);
]],
    why = "a fork's child ends the connections of its parent",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[  if (own_process) {
    curl_multi_cleanup(e->curl);]],
    put = [[  if (e->curl != NULL) {
    curl_multi_cleanup(e->curl);]],
    why = "a child that closes its copy ends the parent's TLS connection",
    spec = "spec/regress/24-fork-in-hook_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[    e->sweep_due = t->deadline;
]],
    put = [[    ;
]],
    why = "what waits in the queue does not time out",
    spec = "spec/regress/12-attempts_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[  ges_engine_wake(e);
  return t;]],
    put = "  return t;",
    why = "an event loop does not notice that a request was added",
    spec = "spec/regress/22-stopped-process_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = "  if (left < 1) {",
    put = "  if (left < 0) {",
    why = "with less than a millisecond left there is no time limit",
    spec = "spec/regress/12-attempts_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[  t->easy.resolved = &t->host->resolved;
]],
    put = "",
    why = "all wait for the first answer instead of the look-up of the name",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[        left--;
]],
    put = "",
    why = "one step hands everything to libcurl: an editor stands still",
    spec = "spec/engine/bounds_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[    ges_list_remove(&e->active, t);
    ges_host_end(t->host, t, ges_now());
  }
  else {]],
    put = [[    ges_list_remove(&e->active, t);
  }
  else {]],
    why = "after some calls a host gets no more of them",
    spec = "spec/lua/engine_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = "else if (due < next)",
    put = "else if (due < now)",
    why = "only the first of several deadlines is kept",
    spec = "spec/engine/queue_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[const struct ges_host *h = e->queued > 0 ? e->hosts : NULL;
  for (; h]],
    put = [[const struct ges_host *h = NULL;
  for (; h]],
    why = "those that wait for a new connection wait a second too long",
    spec = "spec/ges/host/dns_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = "if (i + 1 < n && ges_now() > stop)",
    put = "if (i + 1 < n && stop < 0)",
    why = "one step works as long as there is something to read",
    seen = false,
    because = "what is done in 2 ms depends on the machine, and the next step does the rest" },

  { file = "src/engine/engine.c",
    text = [[  if (more)
    ges_poller_wake(&e->poller);
]],
    put = "",
    why = "an event loop is not told that work is left",
    spec = "spec/engine/queue_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = "if (t->state == GES_done && !t->owned)",
    put = "if (t->state == GES_done)",
    why = "a blocking call takes another call out of the list of those that are done",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = [[  stop(e, t, GES_cancelled, "cancelled");
  ges_engine_wake(e);]],
    put = [[  stop(e, t, GES_cancelled, "cancelled");]],
    why = "an event loop does not notice a cancel",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/engine.c",
    text = "rearm(e, e->queued > 0 || e->done.n > 0",
    put = "rearm(e, e->done.n > 0",
    why = "what was started before the descriptor was asked for does not begin",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/transfer.c",
    text = [[  if (p->open.n >= IDLE_MAX)
    ges_easy_close(&t->easy);
]],
    put = "",
    why = "a thousand handles are kept after a thousand requests at once",
    spec = "spec/engine/bounds_spec.lua",
    seen = true },

  { file = "src/engine/transfer.c",
    text = [[  t->gen++;
]],
    put = "",
    why = "the id of a request that ended cancels another one",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/admit.c",
    text = "if (h->active == 0 && h->queue.first == NULL)",
    put = "if (h->queue.first == NULL)",
    why = "the entry of a host in use is given to another one",
    spec = "spec/engine/queue_spec.lua",
    seen = true },

  { file = "src/engine/admit.c",
    text = "h = n >= HOSTS_KEPT ? unused : NULL;",
    put = "h = NULL;",
    why = "an entry for each of a thousand hosts is kept",
    spec = "spec/engine/bounds_spec.lua",
    seen = true },

  { file = "src/engine/admit.c",
    text = "ges_host_holds(h) || !(h->resolved || h->active == 0)",
    put = "ges_host_holds(h)",
    why = "each request of a batch starts a look-up, with a thread, of the same name",
    spec = "spec/ges/host/dns_spec.lua",
    seen = true },

  { file = "src/engine/admit.c",
    text = "return !t->easy.shares || h->last == NULL;",
    put = "return 1;",
    why = "a batch over HTTP/2 opens a connection for each request",
    spec = "spec/regress/13-streams_spec.lua",
    seen = true },

  { file = "src/engine/admit.c",
    text = [[  if (t == h->last)
    h->last = NULL;
  if (t == h->opener)]],
    put = "  if (t == h->opener)",
    why = "the queue waits for a transfer that has ended",
    spec = "spec/engine/queue_spec.lua",
    seen = true },
}
