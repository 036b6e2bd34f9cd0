-- Changes to what scripts get of the system: entropy, file modes, queues, the terminal.

return {
  room = "system",
  specs = { "spec/ges/util/put_spec.lua", "spec/ges/cli/end_spec.lua",
    "spec/ges/cli/terminal_spec.lua", "spec/regress/07-watched-queue_spec.lua",
    "spec/ges/cli/output_spec.lua", "spec/ges/credentials/providers_spec.lua",
    "spec/lua/corners_spec.lua", "spec/lua/environment_spec.lua", "spec/regress/core_spec.lua",
    "spec/regress/23-thrown_spec.lua", "spec/faults/trust_spec.lua",
    "spec/faults/runtime_spec.lua", "spec/faults/process_spec.lua",
    "spec/ges/cli/exit_spec.lua", "spec/lua/secrets_spec.lua", "spec/lua/system_spec.lua",
    "spec/lua/term_spec.lua" },

  { file = "src/lua/system.c",
    text = [[  bytes[0] &= 31;                           /* 53 bits */
]],
    put = "",
    why = "the pause between two polls is up to eight times too long",
    spec = "spec/lua/system_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = "(long)CHANGED(st).tv_nsec,",
    put = "0L,",
    why = "a profile changed within a second is not read again",
    spec = "spec/lua/system_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = [[  if (!S_ISREG(st.st_mode))
    return fail]],
    put = [[  if (S_ISDIR(st.st_mode))
    return fail]],
    why = "a pipe as profile stops the whole process",
    spec = "spec/lua/secrets_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = "poll(&p, 1, (int)luaL_checkinteger(L, 2)) != 0)",
    put = "poll(&p, 1, (int)luaL_checkinteger(L, 2)) > 0)",
    why = "a signal in a thread of nginx is taken for the end of the wait",
    spec = "spec/faults/process_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = [[  lua_pushnil(L);
  lua_rawseti(L, 1, first);
]],
    put = "",
    why = "a queue keeps what was taken from it",
    spec = "spec/lua/system_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = "if (first == read_index(L, AT_LAST, 0))",
    put = "if (0)",
    why = "the indices of a queue grow for ever",
    spec = "spec/lua/system_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = "fd == 0 ? O_WRONLY : O_RDONLY",
    put = "fd == 0 ? O_RDONLY : O_WRONLY",
    why = "without a standard output the result is lost, and the command says success",
    spec = "spec/ges/cli/exit_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = "for (fd = 0; fd <= 2; fd++)",
    put = "for (fd = 1; fd <= 2; fd++)",
    why = "with standard input closed a connection gets its number",
    spec = "spec/lua/term_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = [[  sigaction(SIGPIPE, &act, NULL);
]],
    put = "",
    why = "a closed pipe kills the command",
    spec = "spec/ges/cli/exit_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = [[

      && old.sa_handler != SIG_IGN) {]],
    put = ") {",
    why = "a SIGTERM that is ignored by the caller ends the command",
    spec = "spec/lua/term_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = [[  if (signum == 0 && is_default(SIGINT))
    signum = SIGINT;
]],
    put = "",
    why = "a Ctrl-C whose error was caught is not seen",
    spec = "spec/lua/term_spec.lua",
    seen = true },

  { file = "src/lua/system.c",
    text = "(p.revents & (POLLERR | POLLHUP)) != 0",
    put = "(p.revents & POLLHUP) != 0",
    why = "a command whose reader has left goes on for an hour",
    spec = "spec/ges/cli/exit_spec.lua",
    seen = true },
}
