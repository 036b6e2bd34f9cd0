-- Changes to the one descriptor that an event loop watches.

return {
  room = "poller",
  specs = {
    "spec/lua/engine_spec.lua", "spec/regress/24-fork-in-hook_spec.lua",
    "spec/regress/22-stopped-process_spec.lua", "spec/lua/faults_spec.lua",
    "spec/ges/host/cqueues_spec.lua", "spec/ges/host/engine_spec.lua",
    "spec/ges/host/uv_luv_spec.lua", "spec/engine/engine_spec.lua",
    "spec/faults/process_spec.lua", "spec/faults/children_spec.lua",
    "spec/engine/bounds_spec.lua", "spec/ges/host/dns_spec.lua",
    "spec/engine/descriptor_spec.lua" },

  { file = "src/engine/poller.c",
    text = [[    else
      p->woken = 0;]],
    put = [[    else
      ;]],
    why = "an event loop is woken once, and never again",
    spec = "spec/regress/22-stopped-process_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = "if (at == p->armed || (at < 0 && p->armed < 0))",
    put = "if (p->armed >= 0 || (at < 0 && p->armed < 0))",
    why = "a deadline that is nearer than the one before is not noticed",
    spec = "spec/engine/descriptor_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = "(left - floor(left)) * 1e9);",
    put = "(left - floor(left)) * 1e8);",
    why = "an event loop wakes up a hundred times for each timer",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = "| (mask & GES_POLL_OUT ? (uint32_t)EPOLLOUT : 0);",
    put = "| (mask == GES_POLL_OUT ? (uint32_t)EPOLLOUT : 0);",
    why = "a request that is larger than the buffer of its socket is not written to its end",
    spec = "spec/engine/descriptor_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = "epoll_create1(EPOLL_CLOEXEC)",
    put = "epoll_create1(0)",
    why = "a program that the script starts holds the epoll descriptor",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = "TFD_CLOEXEC | TFD_NONBLOCK",
    put = "TFD_NONBLOCK",
    why = "a program that the script starts holds the timer",
    spec = "spec/engine/descriptor_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = "EFD_CLOEXEC | EFD_NONBLOCK",
    put = "EFD_NONBLOCK",
    why = "a program that the script starts holds the wake-up descriptor",
    spec = "spec/engine/descriptor_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = [[  if (errno == EEXIST)
    return epoll_ctl(p->fd, EPOLL_CTL_MOD, fd, &e);
]],
    put = "",
    why = "a connection that is watched already ends all others",
    seen = false,
    because = "libcurl says of each socket whether it was watched: a guard for one that does not" },

  { file = "src/engine/poller.c",
    text = "(p->alone < 0 || p->alone == fd)",
    put = "(p->alone < 0 || mask != 0)",
    why = "a second connection takes the place of the first",
    spec = "spec/engine/engine_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = [[  p->shared = 1;
  return settle(p);]],
    put = [[  p->shared = 1;
  return 0;]],
    why = "a connection from before the descriptor was asked for is not watched",
    spec = "spec/regress/22-stopped-process_spec.lua",
    seen = true },

  { file = "src/engine/poller.c",
    text = "| (p->mask & GES_POLL_OUT ? POLLOUT : 0));",
    put = "| 0);",
    why = "a blocking call does not send the end of a large body",
    spec = "spec/regress/22-stopped-process_spec.lua",
    seen = true },
}
