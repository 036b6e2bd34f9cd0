-- ges.cli.completion: what a TAB offers in bash, zsh and fish, and that it offers nothing else.

local child = require "child"
local kit = require "cli_kit"
local pty = require "pty"

local dir

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- A folder with a file, a folder and the scripts, to complete in.
setup(function()
  dir = child.shell("mktemp -d")
  child.shell(("mkdir %s/afolder && touch %s/afile"):format(dir, dir))
  for _, shell in ipairs { "bash", "zsh", "fish" } do
    local seen = kit.ges({ "completion", shell })
    assert.equal(0, seen.code, seen.err)
    write(dir .. "/" .. (shell == "zsh" and "_ges" or "ges." .. shell), seen.out)
  end
end)
teardown(function() child.shell("rm -rf " .. dir) end)

local function quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

-- What bash's function makes of the words; the last one is being typed.
local function in_bash(words)
  local list = {}
  for i, word in ipairs(words) do list[i] = quote(word) end
  local script = ("cd %s; . ./ges.bash; COMP_WORDS=(ges %s); COMP_CWORD=%d; _ges; "
    .. "printf '%%s\\n' \"${COMPREPLY[@]}\""):format(dir, table.concat(list, " "), #words)
  local seen = pty.run({ "--norc", "-c", script }, { program = { "bash" } })
  assert.equal("", seen.err)
  local found = {}
  for word in seen.out:gmatch("[^\n]+") do found[#found + 1] = word end
  table.sort(found)
  return found
end

local function in_fish(words)
  local line = "ges"
  for _, word in ipairs(words) do line = line .. " " .. word end
  local seen = pty.run({ "--no-config", "-c", ("cd %s; source ges.fish; complete -C %s"):format(dir,
    quote(line)) }, { program = { "fish" }, env = { HOME = dir } })
  local found = {}
  for word in seen.out:gmatch("[^\n]+") do found[#found + 1] = word:match("^[^\t]*") end
  table.sort(found)
  return found
end

-- Types a line and a TAB into zsh, twice, and returns the words that it then has or shows.
local function in_zsh(words)
  local line = "ges " .. table.concat(words, " ")
  local steps = {
    { "ready> ", ("cd %s; fpath=(%s $fpath); autoload -U compinit; compinit -D -u; "):format(dir,
      dir)
      .. "zstyle ':completion:*' menu no; setopt no_beep no_auto_menu; print lo''aded\n" },
    { "loaded\r?\n.*ready> ", line .. "\t\t\1print s''een '\5'\n" }, { "seen", "exit\n" },
  }
  local at = 1
  local seen = pty.on_terminal({ "-f", "-i" }, { program = { "zsh" }, columns = 200, rows = 100,
    env = { PS1 = "ready> ", HOME = dir, TERM = "dumb" }, on = function(so_far, process)
      if not steps[at] or not so_far.tty:find(steps[at][1]) then return end
      process:write(steps[at][2])
      at = at + 1
    end })
  return seen.tty:match("loaded\r?\n(.*)")
end

local REGIONS = { "cn-north-1", "cn-north-2", "cn-north-4" }

-- Words on the line, and what is offered; false for "nothing at all".
local CASES = {
  { { "wa" }, { "wait", "watch" } },
  { { "" }, { "completion", "doctor", "jobs", "sim", "status", "version", "wait",
    "watch" } },
  { { "wait", "--region", "cn-n" }, REGIONS },
  { { "--region", "cn-n" }, REGIONS },
  { { "doctor", "--region", "eu" }, { "eu-west-101" } },
  { { "wait", "--timeout", "1" }, { "15s", "1h", "1m", "1s" } },
  { { "status", "--request-timeout", "3" }, { "30m", "30s" } },
  { { "wait", "--accept", "s" }, { "success" } },
  { { "wait", "--accept", "success,pa" }, { "success,partial" } },
  { { "wait", "--on-unknown", "" }, { "error", "wait" } },
  { { "wait", "--language", "" }, { "en-us", "zh-cn" } },
  { { "wait", "-o", "js" }, { "json", "jsonl" } },
  { { "status", "--output", "t" }, { "table", "tsv" } },
  { { "watch", "-o", "" }, { "json", "jsonl" } },
  { { "jobs", "--status", "p" }, { "partiallyFailed", "pending" } },
  { { "jobs", "--since", "" }, { "1d", "2h", "30m", "7d" } },
  { { "wait", "--ru" }, { "--running" } },
  { { "completion", "" }, { "bash", "fish", "zsh" } },
  { { "sim", "--faults", "throttle,ht" }, { "throttle,html" } },
  { { "wait", "--token-file", "af" }, { "afile", "afolder" } },
  { { "wait", "--ca-path", "a" }, { "afolder" } },
  { { "version", "--o" }, { "--output" } },
  { { "wait", "" }, false },
  { { "wait", "a" }, false },
  { { "watch", "a" }, false },
  { { "status", "j", "a" }, false },
  { { "wait", "--", "a" }, false },
  { { "doctor", "" }, false },
  { { "doctor", "a" }, false },
  { { "sim", "a" }, false },
  { { "jobs", "" }, false },
  { { "jobs", "a" }, false },
  { { "jobs", "--graph-name", "a" }, false },
  { { "jobs", "--limit", "" }, false },
  { { "version", "a" }, false },
  { { "completion", "bash", "" }, false },
  { { "wait", "--graph", "a" }, false },
  { { "wait", "--project", "a" }, false },
  { { "wait", "--endpoint", "a" }, false },
  { { "wait", "--proxy", "a" }, false },
  { { "wait", "--max-rate", "" }, false },
  { { "sim", "--port", "" }, false },
}

-- A folder is completed with or without a slash behind it.
local function plain(list)
  for i, word in ipairs(list) do list[i] = word:gsub("/$", "") end
  return list
end

for name, complete in pairs { bash = in_bash, fish = in_fish } do
  it("offers in " .. name .. " what an option takes, and nothing else", function()
    if not child.has(name) then return pending(name .. " is not installed") end
    for _, case in ipairs(CASES) do
      assert.same(case[2] or {}, plain(complete(case[1])), table.concat(case[1], " "))
    end
  end)
end

it("completes behind an equals sign, too", function()
  if child.has("bash") then
    assert.same({ "cn-north-1", "cn-north-2", "cn-north-4" },
      in_bash { "wait", "--region", "=", "cn-n" })
    assert.same({ "error", "wait" }, in_bash { "wait", "--on-unknown", "=" })
  end
  if child.has("fish") then
    assert.same({ "--on-unknown=error", "--on-unknown=wait" }, in_fish { "wait", "--on-unknown=" })
    assert.same({ "--ca-path=afolder/" }, in_fish { "wait", "--ca-path=" })
    assert.same({ "--accept=success,partial" }, in_fish { "wait", "--accept=success,pa" })
  end
end)

it("has every option of every command after a dash, in bash and in fish", function()
  local cli, options = require "ges.cli", require "ges.cli.options"
  for _, command in ipairs(cli.commands()) do
    local name, flags = command.name, { "--help" }
    for _, group in ipairs(command.groups) do
      for _, row in ipairs(options.groups[group]) do
        flags[#flags + 1] = #row.flag == 2 and row.also or row.flag
        if row.also and #row.also > 2 and #row.flag > 2 then flags[#flags + 1] = row.also end
      end
    end
    table.sort(flags)
    for shell, complete in pairs { bash = in_bash, fish = in_fish } do
      if child.has(shell) then
        assert.same(flags, complete { name, "--" }, shell .. " " .. name)
      end
    end
  end
end)

local function tty(name, program, fn)
  it(name, function()
    if not child.has(program) then return pending(program .. " is not installed") end
    if not pty.available() then
      return pending("no pseudo-terminals here: /dev/pts is not mounted")
    end
    fn()
  end)
end

tty("completes at a TAB in zsh, and nothing where no file is wanted", "zsh", function()
  local function shows(words, ...)
    local text = in_zsh(words)
    assert.is_truthy(text)
    for _, piece in ipairs { ... } do assert.is_truthy(text:find(piece, 1, true), text) end
    return text
  end
  shows({ "wait", "--region", "cn-n" }, "cn-north-1", "cn-north-2", "cn-north-4")
  shows({ "wait", "--on-unknown", "e" }, "--on-unknown error")
  shows({ "wait", "--accept", "success,pa" }, "success,partial")
  shows({ "watch", "-o", "jsonl" }, "-o jsonl")
  shows({ "wait", "--token-file", "afi" }, "--token-file afile")
  shows({ "completion", "f" }, "completion fish")
  shows({ "doc" }, "ges doctor")
  shows({ "--region", "eu" }, "--region eu-west-101")
  shows({ "--on-unknown", "e" }, "--on-unknown error")
  shows({ "-o", "json", "wait", "--on-unknown", "e" }, "-o json wait --on-unknown error")
  shows({ "wait", "--ca-path", "a" }, "--ca-path afolder/")
  for unwanted, words in pairs { yaml = { "watch", "-o", "" },
    ["30m"] = { "jobs", "--interval", "" },
    ["cn-north-1"] = { "sim", "--region", "" }, ["ca-path afile"] = { "wait", "--ca-path", "afi" },
    afile = { "doctor", "--ca-path=afi" } } do
    local text = shows(words)
    assert.is_nil(text:find(unwanted, 1, true), text)
  end
  for _, words in ipairs { { "wait", "a" }, { "doctor", "a" }, { "wait", "--graph", "a" },
    { "wait", "--max-rate", "a" }, { "version", "a" } } do
    local text = shows(words)
    assert.is_nil(text:find("afile", 1, true), text)
    assert.is_nil(text:find("afolder", 1, true), text)
  end
end)

tty("completes at a TAB in bash, and nothing where no file is wanted", "bash", function()
  local function typed(line)
    local at = 1
    local steps = { { "ready> ", (" cd %s; . ./ges.bash; echo lo''aded\n"):format(dir) },
      { "loaded\r?\n.*ready> ", line .. "\t\t\1echo '\5' s''een\n" }, { "seen", "exit\n" } }
    return pty.on_terminal({ "--norc", "--noprofile", "-i" }, { program = { "bash" },
      env = { PS1 = "ready> ", TERM = "dumb" }, on = function(seen, process)
        if not steps[at] or not seen.tty:find(steps[at][1]) then return end
        process:write(steps[at][2])
        at = at + 1
      end }).tty:match("loaded\r?\n(.*)")
  end
  assert.matches("%-%-on%-unknown error +seen", typed("ges wait --on-unknown e"))
  assert.matches("%-%-on%-unknown=error +seen", typed("ges wait --on-unknown=e"))
  assert.matches("%-%-token%-file afile +seen", typed("ges wait --token-file afi"))
  for _, line in ipairs { "ges doctor afi", "ges wait afi", "ges wait --graph afi" } do
    assert.matches(line:gsub("%p", "%%%0") .. " +seen", (typed(line)))
  end
end)

it("is what lies in doc/completion, which make install installs", function()
  for shell, file in pairs { bash = "ges.bash", zsh = "_ges", fish = "ges.fish" } do
    local path = pty.top .. "/doc/completion/" .. file
    local kept = assert(io.open(path, "rb"))
    local is_same = kept:read("*a") == kit.ges({ "completion", shell }).out
    kept:close()
    assert.is_true(is_same, path .. " differs: make doc")
  end
end)
