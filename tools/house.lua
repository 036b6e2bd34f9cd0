-- SPDX-License-Identifier: MIT
-- house.lua [format | tree | modules]: the rules of the project, checked.
-- Reads the tree, writes nothing, prints one line per breach and exits 1 when there is one.
-- `format` checks only what is mechanical: columns, tabs, blanks, line ends; `tree` what can be
-- read in the files; `modules` the two modules, which must be built. Run from the top of the tree.

local FILE_LINES, FUNCTION_LINES = 500, 60
local C_COLUMNS, LUA_COLUMNS = 80, 100

-- What each room of src/ may include of the others. Arrows point one way: a room that is not in a
-- row may not be seen from there, and one without a row may not exist. src/engine sees nothing of
-- src/lua.
local ROOMS = {
  engine = {
    version = "",
    buf = "",
    kind = "",
    json = "kind text",
    escape = "json text",
    redact = "buf kind escape text",
    sanitize = "escape redact",
    url = "buf text",
    response = "redact text",
    sign = "buf text url",
    poller = "",
    poller_kqueue = "poller",
    options = "",
    text = "",
    head = "buf options pem proxy redact secrets url version",
    request = "head secrets sign",
    secrets = "head json sign text",
    ca_store = "head pem proxy",
    pem = "buf text",
    proxy = "text",
    easy = "buf response request ca_store pem secrets url version",
    outcome = "easy pem proxy",
    transfer = "easy",
    admit = "transfer easy",
    engine = "admit transfer easy poller",
  },
  lua = {
    compat = "",
    laux = "compat engine/sanitize engine/response engine/text engine/url",
    pairs = "laux engine/text engine/url",
    options = "laux engine/options",
    rows = "options",
    decode = "result laux engine/json engine/text",
    request = "laux options pairs engine/request engine/sign",
    prepare = "laux options pairs request engine/request",
    advice = "laux engine/request",
    error_body = "laux result engine/easy engine/text",
    result = "laux advice decode error_body engine/easy engine/json engine/text",
    engine = "laux request result engine/engine",
    sign = "laux pairs engine/sign",
    system = "laux engine/ca_store engine/easy engine/poller",
    core = "laux options prepare request result engine engine/engine engine/version",
  },
}

-- Lua files that see nothing but what is named: pure ones, without clock or I/O.
local PURE = {
  ["lua/ges/wait/waiter.lua"] = { "ges.error", "ges.job", "ges.util.copy" },
  ["lua/ges/job.lua"] = { "ges.util.utc" },
  ["lua/ges/util/utc.lua"] = {},
  ["lua/ges/credentials/regions.lua"] = { "ges.core" },
}
-- And folders of such files.
local PURE_FOLDERS = {
  ["lua/ges/sim/service/"] = { "ges.sim.service.", "ges.job", "ges.util.copy", "ges.util.utc",
    "ges.util.utf8", "ges.util.trim" },
}

-- Writable data that is allowed in the C module: guarded initialisations and atomics
-- (engine.c and ca_store.c of src/engine), and what a signal handler can reach (src/lua/system.c).
local STATICS = {
  global_once = true, global_rc = true, stood = true, refused = true,
  ended_by = true,
}

-- Not ours: put there by the compiler and the linker.
local FOREIGN = { __dso_handle = true, __TMC_END__ = true, _edata = true, __bss_start = true,
  _end = true }

-- What a guest may not call in its host.
local BANNED = { "abort", "exit", "_exit", "assert", "printf", "fprintf", "vprintf", "sprintf",
  "vsprintf", "puts", "strtok", "atoi", "atol", "atof", "setlocale", "signal", "getenv",
  "secure_getenv", "setenv", "putenv", "system", "popen", "curl_global_cleanup", "curl_version",
  "gets", "strcat", "srand", "rand" }

-- But for: the variables of proxies, which libcurl reads too, and those of curl and OpenSSL that
-- name certificate authorities.
local EXCUSED = { ["src/engine/proxy.c"] = { getenv = true },
  ["src/engine/ca_store.c"] = { getenv = true } }

local HEADERS_OF = {           -- who may include what
  { "^lua%.h$", "^src/lua/compat%.h$" }, { "^lauxlib%.h$", "^src/lua/compat%.h$" },
  { "^lualib%.h$", "^$" }, { "^openssl/", "^src/engine/sign%.c$" },
  { "^curl/", "^src/engine/easy%.c$", "^src/engine/outcome%.c$",
    "^src/engine/engine%.c$", "^src/engine/ca_store%.c$", "^src/engine/proxy%.c$",
    "^src/engine/response%.c$" },
}

local JSON_USERS = { ["lua/ges/json.lua"] = true }

local NAMES = { "if", "while", "for", "switch", "return", "sizeof", "else", "do", "case", "int",
  "char", "void", "double", "long", "unsigned", "size_t", "const", "defined", "and", "or" }
local NOT_A_CALL = {}
for _, name in ipairs(NAMES) do NOT_A_CALL[name] = true end

-- tools/loops.lua, which needs luacheck; `format` does without.
local loaded_loops, loaded_claims
local function loops()
  if loaded_loops == nil then
    local ok, found = pcall(dofile, (arg[0]:gsub("house%.lua$", "loops.lua")))
    if not ok then print("note: assignments to a loop's variable are not looked for: " .. found) end
    loaded_loops = ok and found
  end
  return loaded_loops
end

local breaches = 0

local function breach(path, line, form, ...)
  breaches = breaches + 1
  print(("%s:%d: %s"):format(path, line, form:format(...)))
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

local function each_line(text)
  local n = 0
  return function(rest)
    local at = n == 0 and 1 or rest.at
    if at > #text then return nil end
    local stop = text:find("\n", at, true) or #text + 1
    rest.at = stop + 1
    n = n + 1
    return n, text:sub(at, stop - 1)
  end, {}
end

-- The output of a shell command, line by line.
local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

-- All files of the project: tracked ones, and new ones that are not ignored. From a release, where
-- there is no repository, what lies there.
local function list_files()
  local text = output("git ls-files -co --exclude-standard 2>/dev/null")
  if text == "" then
    text = output("find . -type f -not -path './build/*' -not -path './.git/*' | sed 's,^\\./,,'")
  end
  local files = {}
  for path in text:gmatch("[^\n]+") do
    if read(path) then files[#files + 1] = path end
  end
  table.sort(files)
  return files
end

local function is_c(path) return path:find("%.[ch]$") ~= nil end
local function is_lua(path)
  return path:find("%.lua$") ~= nil or path == "bin/ges" or path:find("%.rockspec$") ~= nil
end

local function width(line)
  local _, continued = line:gsub("[\128-\191]", "")
  return #line - continued
end

local function check_format(path, text)
  local most = is_c(path) and C_COLUMNS or is_lua(path) and LUA_COLUMNS or math.huge
  local tabs = path == "Makefile" or path:find("%.mk$")
  local prose = path:find("%.md$")
  if text:find("%z") then return end
  for n, line in each_line(text) do
    local annotation = line:find("^%-%-%-@")      -- has to stay on one line
    local long = width(line) > most and not annotation
    if long then breach(path, n, "%d columns, at most %d", width(line), most) end
    if not tabs and line:find("\t") then breach(path, n, "a tab") end
    if line:find("\r") then breach(path, n, "a carriage return") end
    if not prose and line:find("%s$") then breach(path, n, "blanks at the end of the line") end
  end
  if #text > 0 and text:sub(-1) ~= "\n" then breach(path, 1, "no newline at the end") end
  if text:sub(-2) == "\n\n" then breach(path, 1, "an empty line at the end") end
end

-- C without comments and without what strings say; line numbers stay.
local function bare_c(text)
  text = text:gsub("/%*.-%*/", function(s) return (s:gsub("[^\n]", " ")) end)
  text = text:gsub("'\\?\"'", "' '")
  text = text:gsub('"([^"\n]*)"', function(s)
    return '"' .. (" "):rep(#s) .. '"'
  end)
  return text
end

local function check_length(path, text)
  local _, lines = text:gsub("\n", "")
  if lines > FILE_LINES then
    print(("note: %s has %d lines: does its concept end here?"):format(path, lines))
  end
end

-- A definition begins in the first column and ends with a brace there. A table of data, which is
-- one too, has a "=".
local function check_c_functions(path, bare)
  local start, header = 1, ""
  for n, line in each_line(bare) do
    if line:find("^#define") then line = "" end
    if line:find("^}") then
      local function_ = header:find("%)%s*{") and not header:match("^[^{]*"):find("=")
      if function_ and n - start + 1 > FUNCTION_LINES then
        breach(path, start, "a function of %d lines, at most %d", n - start + 1, FUNCTION_LINES)
      end
      if function_ and not header:match("^[^{]*"):find("[%w_] %(") then
        breach(path, start, "a definition is written name (parameters)")
      end
      header = ""
    elseif line:find("^[%a_]") and not header:find("{") then
      start, header = n, line:find(";%s*$") and "" or line
    else
      header = header .. "\n" .. line
    end
  end
end

local function check_c_words(path, bare)
  for n, line in each_line(bare) do
    for _, word in ipairs(BANNED) do
      local excused = EXCUSED[path] and EXCUSED[path][word]
      if not excused and line:find("%f[%w_]" .. word .. "%s*%(") then
        breach(path, n, "%s() must not be used: it ends or changes the host's process", word)
      end
    end
    if line:find("^%s") and not line:find("#", 1, true) then
      for name in line:gmatch("%f[%w_]([%l_][%w_]*) %(") do
        if not NOT_A_CALL[name] then breach(path, n, "a call is written %s(arguments)", name) end
      end
    end
  end
end

local function check_include(path, n, room, kind, name)
  local folder, own = room:match("^(.*)/(.*)$")
  if kind == '"' then
    local other = name:gsub("^%.%./", ""):gsub("%.h$", "")
    local row = " " .. ROOMS[folder][own] .. " "
    local allowed = other == own or row:find(" " .. other .. " ", 1, true)
    if not allowed then breach(path, n, "%s may not see %s", room, name) end
    return
  end
  for _, rule in ipairs(HEADERS_OF) do
    if name:find(rule[1]) then
      local ok = false
      for i = 2, #rule do ok = ok or path:find(rule[i]) ~= nil end
      if not ok then breach(path, n, "<%s> is not for this file", name) end
    end
  end
end

local function check_c_includes(path, text)
  local room = path:match("^src/(.*)%.[ch]$")
  local folder, own = (room or ""):match("^(.*)/(.*)$")
  if not folder or not ROOMS[folder] or not ROOMS[folder][own] then
    return breach(path, 1, "no room of that name: add its row to ROOMS in tools/house.lua")
  end
  for n, line in each_line(text) do
    local kind, name = line:match('^%s*#%s*include%s*([<"])([^>"]+)')
    if kind then check_include(path, n, room, kind, name) end
  end
end

-- What heads say of callers, and the map of the tree.
local function claims()
  loaded_claims = loaded_claims
    or dofile((arg[0]:gsub("house%.lua$", "claims.lua")))(list_files(), read, breach)
  return loaded_claims
end

-- The first comment says what the file is for, after the licence.
local function check_head(path, text)
  text = text:gsub("^%-%-%-@meta\n", "")
  local first, second = text:match("^#![^\n]*\n([^\n]*)\n([^\n]*)")
  if not first then first, second = text:match("^([^\n]*)\n([^\n]*)") end
  local c = is_c(path)
  if not (first or ""):find("SPDX-License-Identifier: MIT", 1, true) then
    breach(path, 1, "the first line is not the licence (SPDX-License-Identifier: MIT)")
  elseif not (second or ""):find(c and "^%*%* %S" or "^%-%-%-?%s*[^%s-]") then
    breach(path, 2, "no comment that says what the file is for")
  end
end

-- A Lua function that is opened at the end of a line ends at the `end` of the same depth.
local function check_lua_functions(path, text)
  local open = {}
  for n, line in each_line(text) do
    local depth = #line:match("^%s*")
    if line:find("^%s*end") and open[depth] then
      local lines = n - open[depth] + 1
      if lines > FUNCTION_LINES then
        breach(path, open[depth], "a function of %d lines, at most %d", lines, FUNCTION_LINES)
      end
      open[depth] = nil
    end
    if line:find("%f[%w_]function[%s%w_.:]*%([^()]*%)%s*$") then open[depth] = n end
  end
end

-- What a pure file may require; nil for the others.
local function allowed_in(path)
  for folder, names in pairs(PURE_FOLDERS) do
    if path:sub(1, #folder) == folder then return names end
  end
  return PURE[path]
end

local function check_pure(path, text)
  local allowed = allowed_in(path)
  if not allowed then return end
  for n, line in each_line(text) do
    local name = line:match("^[^\"'-]-%f[%w_]require%s*%(?%s*[\"']([^\"']+)")
    local ok = name == nil
    for _, one in ipairs(allowed) do
      ok = ok or name == one or one:sub(-1) == "." and name:sub(1, #one) == one
    end
    if not ok then breach(path, n, "%s may not be required here", name) end
  end
end

local function check_json(path, text)
  if JSON_USERS[path] then return end
  for n, line in each_line(text) do
    local named = line:find("require[^\n]-[\"']cjson") or line:find("%f[%w_]cjson%.new")
    if named then breach(path, n, "only json.lua may use the JSON library") end
  end
end

-- Lua 5.5 does not compile an assignment to a loop's control variable.
local function check_loops(path, text)
  if not loops() then return end
  local found, line, why = loops()[path:find("%.md$") and "find_in_paper" or "find"](text)
  if not found then return breach(path, line, "this is not valid Lua: %s", why) end
  for _, one in ipairs(found) do
    breach(path, one.line, "%s is a loop's variable: Lua 5.5 takes no assignment to it", one.name)
  end
end

-- Words that only the authors know, or that name no thing: in no file, and in no message or paper.
-- The specs, which quote them, and this file are left out. What stands on two lines is not found.
local PRIVATE = { "%f[%a]twins?%f[%A]", "the way there", "belongs? into", "sign of life", "whoever",
  "everybody", "%f[%a]nobody %l", "holds up", "held up", "holding up", "hold up the", "hears? of",
  "speaks no ", "in the making", "our own cert" }
local PRIVATE_IN_MESSAGES = { "[ (]ours%f[%A]", "[ (]theirs%f[%A]", "%f[%a]is over%f[%A]",
  "%f[%a]was over%f[%A]", "%f[%a]are over%f[%A]", "^where%?", "^which %l+%?", "trouble: ",
  "meets? a fault", "met no call" }

local function check_words(path, n, text, words)
  for _, word in ipairs(words) do
    local found = text:lower():match(word)
    if found then breach(path, n, "private words, which a stranger does not know: %s", found) end
  end
end

-- The end of what begins in a piece of Lua, and the text of it if it is a string: in quotes or in
-- long brackets; a comment has none.
local function lua_piece(text, at)
  local comment = text:match("^%-%-", at)
  local from = comment and at + 2 or at
  local level = text:match("^%[(=*)%[", from)
  if level then
    local inside, stop = text:match("^%[=*%[(.-)%]" .. level .. "%]()", from)
    return stop or #text + 1, not comment and inside or nil
  elseif comment then
    return text:find("\n", at, true) or #text + 1
  end
  local quote, stop = text:sub(at, at), at + 1
  while stop <= #text and text:sub(stop, stop) ~= quote do
    stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
  end
  return stop + 1, text:sub(at + 1, stop - 1)
end

-- Calls `use(line, text)` for each line of each string of a file of Lua.
local function each_lua_string(text, use)
  local at, n = 1, 1
  while true do
    local from = text:find("[\"'%[%-]", at)
    if not from then return end
    n = n + select(2, text:sub(at, from - 1):gsub("\n", ""))
    local begins = text:find("^[\"']", from) or text:find("^%[=*%[", from)
      or text:find("^%-%-", from)
    local stop, inside = from + 1, nil
    if begins then stop, inside = lua_piece(text, from) end
    for i, line in each_line(inside or "") do use(n + i - 1, line) end
    n = n + select(2, text:sub(from, stop - 1):gsub("\n", ""))
    at = stop
  end
end

-- The same for C, whose strings are in quotes, and for sh, where they may be in single ones.
local function each_string(path, text, use)
  if is_lua(path) then return each_lua_string(text, use) end
  for n, line in each_line(text) do
    for message in line:gmatch('"([^"]*)"') do use(n, message) end
    local is_shell = path:find("%.sh$") and not line:find("^%s*#")
    for message in (is_shell and line or ""):gmatch("'([^']*)'") do use(n, message) end
  end
end

local function check_private(path, text)
  if path:find("^spec/") or path == "tools/house.lua" then return end
  local is_paper = path:find("%.md$") or path:find("%.txt$") or path:find("%.%d$")
  for n, line in each_line(text) do
    check_words(path, n, line, PRIVATE)
    if is_paper then check_words(path, n, line, PRIVATE_IN_MESSAGES) end
  end
  if is_paper then return end
  each_string(path, text, function(n, message)
    check_words(path, n, message, PRIVATE_IN_MESSAGES)
  end)
end

local function check_leftovers(path, text)
  local words = { "TO" .. "DO", "FIX" .. "ME", "X" .. "XX" }
  for n, line in each_line(text) do
    for _, word in ipairs(words) do
      if line:find("%f[%w]" .. word .. "%f[%W]") then breach(path, n, "%s is left over", word) end
    end
  end
end

-- A spec waits for an event, not for time: where it sleeps all the same, this line or the one above
-- says `a pause:` and what for. A sleep between two looks, on the line of its loop, is none. The
-- kits in spec/support, which wait for events so, are left out.
local SLEEPS = { "%f[%w]socket\"?%)?%.sleep%(", "ngx%.sleep%(", "cqueues%.sleep%(",
  "vim%.wait%(%d+%)", "%f[%w]sleep %d", "%f[%w]sleep %%" }
local LOOPS = { "%f[%a]repeat%f[%A]", "%f[%a]until%f[%A]", "%f[%a]while%f[%A]",
  "for i in " }

local function has_one(line, patterns)
  for _, pattern in ipairs(patterns) do
    if line:find(pattern) then return true end
  end
  return false
end

local function check_sleeps(path, text)
  if not path:find("^spec/.*%.lua$") or path:find("^spec/support/") then return end
  local above = ""
  for n, line in each_line(text) do
    local said = (above .. line):find("a pause: ", 1, true)
    if has_one(line, SLEEPS) and not has_one(line, LOOPS) and not said then
      breach(path, n, "a sleep: wait for an event, or say \"a pause: \" and what for")
    end
    above = line
  end
end

-- A built module exports its opener alone, keeps no state but what is listed, and is not linked to
-- a Lua library.
local function check_module(abi)
  local path = "build/" .. abi .. "/ges/core.so"
  if not read(path) then return breach(path, 1, "not built") end
  for name in output("nm -D --defined-only " .. path):gmatch("%S+ %S ([^\n]+)") do
    if name ~= "luaopen_ges_core" then breach(path, 1, "it exports %s", name) end
  end
  for line in output("objdump -t " .. path):gmatch("[^\n]+") do
    local kind, section, name = line:match("^%x+ .....(.). (%S+)\t%x+%s+(%S+)$")
    local data = section == ".data" or section == ".bss"
    if data and kind ~= "d" and not (FOREIGN[name] or STATICS[name] or name:find("%.%d+$")) then
      breach(path, 1, "%s is a variable of the whole process", name)
    elseif data and name:find("%.%d+$") and not name:find("^completed%.") then
      breach(path, 1, "%s is a static variable of a function", name)
    end
  end
  if output("objdump -p " .. path):find("NEEDED%s+liblua") then
    breach(path, 1, "it is linked to a Lua library")
  end
end

local function check_version()
  local version = (read("src/engine/version.h") or ""):match('GES_VERSION "([^"]+)"')
  if not version then return breach("src/engine/version.h", 1, "no version found") end
  for path, pattern in pairs({ ["CHANGELOG.md"] = "\n## ([%d.]+)",
    ["doc/man/ges.1"] = '\n%.TH [^\n]* "ges ([^"]*)"',
    ["doc/man/ges.3"] = '\n%.TH [^\n]* "ges ([^"]*)"' }) do
    local named = ("\n" .. (read(path) or "")):match(pattern)
    if named ~= version then
      breach(path, 1, "its version is %s, not %s: see make release", tostring(named), version)
    end
  end
end

local function check_rockspec()
  local path = "ges-scm-1.rockspec"
  local homepage = (read("Makefile") or ""):match("\nHOMEPAGE %?= (%S+)") or ""
  if output(("HOMEPAGE='%s' sh tools/rockspec.sh"):format(homepage)) ~= read(path) then
    breach(path, 1, "it is not what make rockspec writes")
  end
end

local function check_file(path, text)
  local code = is_c(path) or is_lua(path)
  check_format(path, text)
  check_private(path, text)
  if code or path:find("%.sh$") then check_leftovers(path, text) end
  if code then check_length(path, text) end
  if is_lua(path) or path:find("%.md$") then check_loops(path, text) end
  check_sleeps(path, text)
  if path:find("^src/") then
    local bare = bare_c(text)
    check_head(path, text)
    claims().check_callers(path, text)
    claims().check_map(path)
    check_c_includes(path, text)
    check_c_functions(path, bare)
    check_c_words(path, bare)
    check_json(path, text)
  elseif path:find("^lua/") or path == "bin/ges" then
    check_head(path, text)
    claims().check_callers(path, text)
    claims().check_map(path)
    check_lua_functions(path, text)
    check_pure(path, text)
    check_json(path, text)
  end
end

local files = list_files()
for _, path in ipairs(files) do
  local text = read(path)
  if arg[1] == "format" then
    check_format(path, text)
  elseif arg[1] ~= "modules" then
    check_file(path, text)
  end
end
if not arg[1] or arg[1] == "tree" then
  claims().check_places()
  check_version()
  check_rockspec()
end
if not arg[1] or arg[1] == "modules" then
  check_module("5.4")
  check_module("5.1")
end
print(("house: %d files, %d breaches"):format(#files, breaches))
os.exit(breaches == 0)
