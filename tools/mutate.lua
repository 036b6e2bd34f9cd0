-- mutate.lua check | run FOLDER: small changes to the code, and whether the specs see them.
-- The changes are the data of spec/mutate/<room>.lua:
--
--   return {
--     room = "waiter",
--     luas = "both",                  -- or "5.4", "luajit": where all of its specs can run
--     counted = true,                 -- specs of it use the module that counts work (else absent)
--     specs = { "spec/..." },         -- files and folders, the likeliest first
--     { file = "lua/ges/...",
--       text = "...", put = "...",    -- `text` stands once in the file
--       why = "what it does to users",
--       spec = "spec/...",            -- the one that sees it: it is run first
--       seen = true,                  -- false: it survives, `because` of what
--       because = "..." },
--   }
--
-- `check` looks at the data only: each change has to fit the code as it is. `run` makes the changes
-- in FOLDER/changed and runs each spec that fails there in FOLDER/clean, too: one that fails
-- without a change proves nothing. A change is seen when the specs fail on every Lua it concerns; a
-- file that does not end within LIMIT seconds has failed. Not well (1) when one that is recorded as
-- seen survives, or cannot be tried. Called by tools/mutate.sh, which says what the environment may
-- have, and tools/lint.sh.

local ROOM_KEYS = { room = "string", luas = "string", specs = "table" }
local MORE_ROOM_KEYS = { path = "string", counted = "boolean" }
local KEYS = { file = "string", text = "string", put = "string", why = "string", seen = "boolean" }
local MORE_KEYS = { spec = "string", because = "string", luas = "string" }
local LUAS = { both = { "lua5.4", "luajit" }, ["5.4"] = { "lua5.4" }, luajit = { "luajit" } }
local ABIS = { ["lua5.4"] = "5.4", luajit = "5.1" }

local LIMIT = tonumber(os.getenv("LIMIT") or "") or 180

local function wanted(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- A shell command's output, by lines. An interrupt ends this program, too.
local function lines_of(command)
  local pipe, lines = assert(io.popen(command)), {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  local _, how, code = pipe:close()
  if how == "signal" or code == 130 then os.exit(130) end
  return lines
end

local function run(command)
  local _, how, code = os.execute(command)
  if how == "signal" or code == 130 then os.exit(130) end
  return code == 0
end

-- ---------------------------------------------------------------- the data

-- How often `text` stands in `whole`.
local function count(whole, text)
  local n, at = 0, 1
  while true do
    local from = whole:find(text, at, true)
    if not from then return n end
    n, at = n + 1, from + 1
  end
end

local function keys_of(given, needed, more, say)
  for name, kind in pairs(needed) do
    if type(given[name]) ~= kind then say("%s is no %s", name, kind) end
  end
  for name, value in pairs(given) do
    local known = needed[name] or more[name]
    if type(name) == "string" and not known then say("unknown: %s", name) end
    if known and type(value) ~= known then say("%s is no %s", name, known) end
  end
end

local function check_change(change, say)
  keys_of(change, KEYS, MORE_KEYS, say)
  local whole = read(change.file or "")
  if not whole then return say("no such file: %s", change.file) end
  local n = count(whole, change.text or "")
  if n ~= 1 then say("its text stands %d times in %s", n, change.file) end
  if change.text == change.put then say("it changes nothing") end
  if change.spec and not read(change.spec) then say("no such spec: %s", change.spec) end
  if (change.seen == true) == (change.because ~= nil) then
    say("`because` is for what is not seen")
  end
  if change.luas and not LUAS[change.luas] then say("luas = %s", change.luas) end
end

local function load_room(path, breach)
  local room = assert(dofile(path))
  local function say(...) breach(path, ...) end
  room.path, room.luas = path, room.luas or "both"
  keys_of(room, ROOM_KEYS, MORE_ROOM_KEYS, say)
  if not LUAS[room.luas] then say("luas = %s", room.luas) end
  for _, spec in ipairs(room.specs or {}) do
    if not io.open(spec) then say("no such spec: %s", spec) end
  end
  for n, change in ipairs(room) do
    check_change(change, function(form, ...) breach(path, "change %d: " .. form, n, ...) end)
    change.room, change.number = room, n
  end
  return room
end

-- All rooms, and the number of breaches, which are printed.
local function load_rooms()
  local rooms, bad = {}, 0
  local function breach(path, form, ...)
    bad = bad + 1
    print(("%s: " .. form):format(path, ...))
  end
  for _, path in ipairs(lines_of("ls spec/mutate/*.lua 2>/dev/null")) do
    rooms[#rooms + 1] = load_room(path, breach)
  end
  return rooms, bad
end

-- ---------------------------------------------------------------- one change

local work                      -- the folder of both trees
local broken = {}               -- by Lua and spec: does it fail without a change?
local unsound = 0

local function files_of(room)
  if not room.files then
    room.files = lines_of("for spec in " .. table.concat(room.specs, " ")
      .. "; do find $spec -name '*_spec.lua' | LC_ALL=C sort; done")
  end
  return room.files
end

-- The specs of a change, each once: `first` before the others.
local function specs_of(change, first)
  local list, had = {}, {}
  local function add(file)
    if file and not had[file] then list[#list + 1] = file end
    had[file or ""] = true
  end
  add(first)
  for _, file in ipairs(files_of(change.room)) do add(file) end
  return list
end

-- Runs files of specs, from the first one on until one fails. Returns its name and its exit code,
-- and what it printed. timeout(1) has a process group of its own, which ends with the shell.
local function until_one_fails(tree, lua, files)
  local said = work .. "/said"
  run(([[cd %s/%s && rm -f %s && trap 'kill "$pid"; exit 130' INT TERM && for spec in %s; do
    timeout -k 5 %d sh tools/with.sh %s busted --no-keep-going --lua="$(command -v %s)" \
      -o plainTerminal -p _spec "$spec" </dev/null >%s.log 2>&1 & pid=$!
    wait $pid || { echo "$? $spec" >%s; break; }
  done]]):format(work, tree, said, table.concat(files, " "), LIMIT, ABIS[lua], lua, said, said))
  local code, spec = (read(said) or ""):match("^(%d+) (%S+)")
  return spec, tonumber(code), read(said .. ".log") or ""
end

-- Does this spec fail on that Lua without a change? It is said once.
local function is_broken(lua, spec)
  local key = lua .. " " .. spec
  if broken[key] == nil then
    local failed, _, log = until_one_fails("clean", lua, { spec })
    broken[key] = failed ~= nil
    if failed then
      unsound = unsound + 1
      print(("UNSOUND   %s fails on %s without a change:"):format(spec, lua))
      print(log)
    end
  end
  return broken[key]
end

-- What failed first, of a log of busted's.
local function first_failure(log, code)
  if code == 124 or code == 137 then return "no end" end
  return log:match("\nFailure %-> [^\n]*\n([^\n]+)") or log:match("\nError %-> [^\n]*\n([^\n]+)")
    or log:match("[^\n]*\n*$"):gsub("\n", "")
end

-- The spec that sees a change on this Lua, of those in `files`, and what it says.
local function look(lua, files)
  while #files > 0 do
    local spec, code, log = until_one_fails("changed", lua, files)
    if not spec then return nil end
    while table.remove(files, 1) ~= spec do end                 -- what is left after it
    if not is_broken(lua, spec) then return spec, first_failure(log, code) end
  end
end

-- One Lua after the other: what one does not see need not be tried on the next, and what sees it
-- there mostly sees it here. Returns the spec, and what they say; no spec if one sees nothing.
local function look_on_all(change)
  local said, spec, what = {}, change.spec
  for _, lua in ipairs(LUAS[change.luas or change.room.luas]) do
    spec, what = look(lua, specs_of(change, spec))
    if not spec then
      said[#said + 1] = lua .. ": nothing"
      return nil, said
    end
    said[#said + 1] = ("%s: %s: %s"):format(lua, spec, what)
  end
  return spec, said
end

local function build(tree, room)
  return run(("cd %s/%s && for lua in lua5.4 luajit; do make -s LUA=$lua %s || exit 1; done "
    .. ">%s/build.log 2>&1"):format(work, tree, room.counted and "support" or "all", work))
end

-- Makes the change, looks, takes it back. Sets what is known of it.
local function try(change)
  local path = work .. "/changed/" .. change.file
  local whole = read(path)
  local from, to = whole:find(change.text, 1, true)
  write(path, whole:sub(1, from - 1) .. change.put .. whole:sub(to + 1))
  local built, spec, said = build("changed", change.room), nil, {}
  if built then spec, said = look_on_all(change) end
  write(path, whole)
  change.found, change.by, change.unbuilt = spec ~= nil, spec, not built
  local word = not built and "NO BUILD" or spec and "seen    " or "survived"
  print(("%s  %s %d  %s: %s"):format(word, change.room.room, change.number, change.file,
    change.why))
  if not built then print(read(work .. "/build.log")) end
  for _, line in ipairs(said) do print("          " .. line) end
  io.stdout:flush()
end

-- ---------------------------------------------------------------- the record

-- Where the changes of a room's file begin: each with "  { file".
local function starts_of(text)
  local starts, at = {}, 1
  while true do
    at = text:find("\n  { file", at, true)
    if not at then return starts end
    starts[#starts + 1], at = at, at + 1
  end
end

-- Writes what was seen into a room's file, where the keys of a change but for the first are at the
-- beginning of a line.
local function record(change)
  local path = change.room.path
  local text = read(path)
  local starts, n = starts_of(text), change.number
  assert(#starts == #change.room, path .. ": not in the form that can be recorded")
  local stop = starts[n + 1] or #text + 1
  local part = text:sub(starts[n], stop - 1)
  if change.found then
    part = part:gsub(',\n    because = "[^\n]*" }', " }"):gsub('\n    spec = "[^\n]*",', "")
    part = part:gsub("\n    seen = %a+", ('\n    spec = "%s",\n    seen = true'):format(change.by))
  else
    part = part:gsub("\n    seen = true }",
      '\n    seen = false,\n    because = "not looked into yet" }')
    part = part:gsub('because = "not run yet"', 'because = "not looked into yet"')
  end
  write(path, text:sub(1, starts[n] - 1) .. part .. text:sub(stop))
end

-- ---------------------------------------------------------------- all of them

-- Those that the environment asks for.
local function chosen(rooms)
  local room_name, file, number = wanted("ROOM"), wanted("FILE"), tonumber(wanted("NUMBER") or "")
  local pick = tonumber(wanted("PICK") or "")
  local list = {}
  for _, room in ipairs(rooms) do
    for n, change in ipairs(room) do
      if (not room_name or room.room == room_name) and (not file or change.file == file)
        and (not number or number == n) and not (wanted("SURVIVORS") and change.seen)
        and (change.seen or not pick) then
        list[#list + 1] = change
      end
    end
  end
  if not pick then return list end
  local seed = tonumber(wanted("SEED") or "") or os.time()
  print(("PICK=%d SEED=%d"):format(pick, seed))
  math.randomseed(seed)
  local picked = {}
  while #picked < pick and #list > 0 do
    picked[#picked + 1] = table.remove(list, math.random(#list))
  end
  return picked
end

-- The rate of each room and of all. Returns how many that are recorded as seen were not.
local function report(rooms, list)
  local tried, found, lost = {}, {}, 0
  for _, change in ipairs(list) do
    local room = change.room
    tried[room] = (tried[room] or 0) + 1
    found[room] = (found[room] or 0) + (change.found and 1 or 0)
    if change.unbuilt or change.seen and not change.found then
      lost = lost + 1
      print(("LOST      %s %d  %s: %s"):format(room.room, change.number, change.file, change.why))
    end
  end
  local all = 0
  for _, room in ipairs(rooms) do
    if tried[room] then
      all = all + found[room]
      print(("%-16s %3d of %3d  %3d %%"):format(room.room, found[room], tried[room],
        found[room] * 100 // tried[room]))
    end
  end
  print(("mutate: %d of %d changes seen, %d %%"):format(all, #list,
    #list > 0 and all * 100 // #list or 0))
  return lost
end

local rooms, bad = load_rooms()
if arg[1] == "check" then
  local changes = 0
  for _, room in ipairs(rooms) do changes = changes + #room end
  print(("mutate: %d changes in %d rooms, %d breaches"):format(changes, #rooms, bad))
  os.exit(bad == 0)
end
work = arg[2]
local list = chosen(rooms)
if #list == 0 then
  print("mutate: no change fits: ROOM and FILE are those of spec/mutate, NUMBER one in its ROOM")
end
for _, change in ipairs(list) do
  try(change)
  if wanted("RECORD") and not change.unbuilt then record(change) end
end
local lost = report(rooms, list)
os.exit(bad == 0 and lost == 0 and unsound == 0 and #list > 0)
