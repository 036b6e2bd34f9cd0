-- SPDX-License-Identifier: MIT
-- How the blocks of the papers that a shell reads are run, and the command lines in their
-- sentences: what has to be replaced in each, and what has to come of it. Owns nothing; all
-- happens in papers_site's folder. For spec/papers/blocks_spec.lua.

local assert = require("luassert")
local cli = require("ges.cli")
local ges = require("ges")
local json = require("ges.json")
local papers = require("papers")
local pty = require("pty")
local site = require("papers_site")

local shell = {}

local good, run = site.good, site.run

-- Text with plain pieces replaced: what the papers leave open, or what lies outside of the folder.
local function put(text, pieces)
  for piece, value in pairs(pieces) do
    local pattern = piece:gsub("%p", "%%%0") .. (piece:find("%w$") and "%f[^%w]" or "")
    text = site.put(text, pattern, (value:gsub("%%", "%%%%")))
  end
  return text
end

local function says(text, ...)
  for _, piece in ipairs({ ... }) do
    assert.is_truthy(text:find(piece, 1, true), ("%s\nhas no '%s'"):format(text, piece))
  end
end

local function need(...)
  for _, program in ipairs({ ... }) do
    if not site.has(program) then return program .. " is not installed" end
  end
end

local function token_file()
  site.write(site.home .. "/.ges-token", site.token .. "\n")
  site.shell("chmod 600 " .. site.home .. "/.ges-token")
end

-- The variables that the papers expect to be set.
local function set(extra)
  local env = { GES_REGION = "cn-north-4", GES_PROJECT_ID = site.project,
    GES_GRAPH_ID = site.graph, GES_TOKEN = site.token }
  for name, value in pairs(extra or {}) do env[name] = value end
  return env
end

local PLACE = { ["GES_PROJECT_ID=..."] = "GES_PROJECT_ID=" .. site.project,
  ["GES_GRAPH_ID=..."] = "GES_GRAPH_ID=" .. site.graph }

local function at_place(text, pieces)
  return put(put(text, PLACE), pieces or {})
end

-- README: a clone, which is this tree, `make demo` and `make test`. A run of all specs within a
-- spec would not end: busted is one that has run two.
local function first_commands(block)
  local own = site.dir .. "/bin/busted"
  site.stand_in("busted", "echo '2 successes / 0 failures / 0 errors / 0 pending'")
  local text = good(put(block.code, { ["cd ges"] = "cd " .. site.top }))
  os.remove(own)
  says(text, "started import job", 'status = "success"', " passed, 0 failed")
end

-- Of a workflow: its runner puts the values in and runs the line with bash -e.
local function ci_step(block)
  local ok, lyaml = pcall(require, "lyaml")
  if not ok then return "there is no lyaml to read it with" end
  local step = assert(lyaml.load(block.code)[1])
  local values = { ["vars.GES_PROJECT_ID"] = site.project, ["vars.GES_GRAPH_ID"] = site.graph,
    ["secrets.HUAWEICLOUD_SDK_AK"] = site.ak, ["secrets.HUAWEICLOUD_SDK_SK"] = site.sk }
  local env = { JOB = site.job() }
  for name, value in pairs(step.env) do
    env[name] = value:gsub("%${{ (.-) }}", function(word) return assert(values[word], word) end)
  end
  local how = { shell = "bash -e", env = env }
  says(good(step.run, how), env.JOB, "success")
  env.JOB = site.job("failed")
  assert.equal(1, (select(2, run(step.run, how))))
  local hours = tonumber(step.run:match("%-%-timeout (%d+)h"))
  assert.is_true(hours * 60 < step["timeout-minutes"], "the runner ends the step first")
end

-- What the script says and how it ends, for each way in which a job ends.
local ENDS = {
  { "success", 0, "everything was imported", "" },
  { "partiallyFailed", 1, "b/log", "" },
  { "failed", 1, "", "The data files do not match the schema" },
}

local function ci_script(block)
  local why = need("jq")
  if why then return why end
  for _, case in ipairs(ENDS) do
    local text, code, errors = run(block.code,
      { shell = block.kind, env = set({ JOB = site.job(case[1]) }) })
    assert.equal(case[2], code, text .. errors)
    if case[1] == "partiallyFailed" then says(text, "bucket/") else assert.equal(case[3], text) end
    says(errors, case[4])
  end
  local short = put(block.code, { ["--timeout 2h"] = "--timeout 100ms" })
  local _, code, errors = run(short, { shell = "sh", env = set({ JOB = site.job("success", 60) }) })
  assert.equal(75, code)
  says(errors, "not known yet: try this step again")
  _, code = run(block.code, { shell = "sh", env = set({ JOB = "none", GES_TOKEN = "wrong" }) })
  assert.equal(1, code)
end

local function ci_many(block)
  local why = need("jq")
  if why then return why end
  local one, two = site.job(), site.job("failed")
  local text = good(block.code, { env = set({ JOBS = one .. " " .. two }), shell = "sh" })
  says(text .. "\n", one .. "\tsuccess\n", two .. "\tfailed\n")
end

-- The lines of a crontab: its variables, and the commands of its entries. cron takes a percent sign
-- for the end of the command.
local function crontab(text)
  local env, commands = {}, {}
  for line in text:gmatch("[^\n]+") do
    local name, value = line:match("^([%w_]+)=(.*)$")
    local times, command = line:match("^([%d*/,-]+ [%d*/,-]+ [%d*/,-]+ [%d*/,-]+ [%d*/,-]+) +(.*)$")
    if name then env[name] = value else commands[#commands + 1] = assert(command, line) end
    assert.is_true(name ~= nil or times ~= nil and not command:find("%", 1, true))
  end
  return env, commands
end

local function cron(block)
  local root = site.install("make install PREFIX=/usr/local LUA=" .. site.lua)
  local env, commands = crontab(block.code)
  assert.equal(1, #commands)
  env.GES_PROJECT_ID, env.GES_GRAPH_ID = site.project, site.graph
  env.PATH, env.LC_ALL = "/usr/bin:/bin", false
  local line = put(commands[1], { ["/usr/local"] = root .. "/usr/local",
    ["/etc/ges"] = root .. "/etc/ges", ["/var/lib/ges"] = root .. "/var/lib/ges" })
  site.shell(("mkdir -p %s/etc/ges %s/var/lib/ges && (umask 077; echo %s >%s/etc/ges/token)")
    :format(root, root, site.token, root))
  local function turn(job)
    site.write(root .. "/var/lib/ges/job", job .. "\n")
    return run(line, { shell = "/bin/sh", env = env, at = site.home })
  end
  local text, code, errors = turn(site.job())
  assert.same({ "", 0, "" }, { text, code, errors })
  text, code, errors = turn("no-such-job")
  assert.same({ "", 5 }, { text, code })
  says(errors, "no-such-job")
end

local function cli_first(block)
  token_file()
  local job = site.job()
  says(good(at_place(block.code, { JOB = job })), job, "success")
end

local function cli_secrets(block)
  local text = good(put(block.code, { JOB = site.job() }),
    { env = set({ GES_TOKEN = false }), shell = block.kind .. " -e" })
  assert.equal(2, select(2, text:gsub("%f[%w]success%f[%W]", "")), text)
end

local function cli_output(block)
  local why = need("jq")
  if why then return why end
  local failed = site.job("failed")
  local text = good(put(block.code, { ["json JOB"] = "json " .. site.job() }),
    { env = set({ JOBS = site.job() .. " " .. failed }) })
  local lines = assert(json.decode(text:match("^(%b{})")))
  assert.equal(1000, lines.total)
  assert.equal(failed .. "\tfailed", text:match("\n([^\n]*)$"))
end

-- What each shell has to say about the script that its line wrote or read.
local ASKED = {
  zsh = { "fpath=(~/.zfunc $fpath); autoload -U compinit; compinit -D -u; echo $_comps[ges]",
    "_ges" },
  fish = { "complete -C 'ges wa'", "wait" },
}

local function cli_completion(block)
  site.shell(("mkdir -p %s/.zfunc %s/.config/fish/completions"):format(site.home, site.home))
  local missing = {}
  local text = good(block.code .. "complete -p ges\n", { shell = block.kind .. " -e" })
  says(text, "complete ", " ges")
  for name, asked in pairs(ASKED) do
    if site.has(name) then
      says(good(asked[1], { shell = name }), asked[2])
    else
      missing[#missing + 1] = name
    end
  end
  if #missing > 0 then return table.concat(missing, " and ") .. " are not installed" end
end

-- The simulator until Ctrl-C: starts the job that it shows how to start, and uses that as
-- `use(what it wrote, the command that it shows, the job's id)` says.
local function with_sim(line, use)
  local is_used
  local function on(seen, process)
    local first, second = seen.out:match("\n  (curl .-)\nand wait for it:\n  ([^\n]+)\n")
    if is_used or not first then return end
    is_used = true
    local started = run((first:gsub("Seconds: 20", "Seconds: 0")))
    use(seen.out, second, started:match('"job_id": *"([^"]*)"') or "none")
    process:kill(2)
  end
  local seen = pty.run({ "-c", "cd " .. site.top .. " && exec " .. line },
    { program = { "sh" }, env = site.env, on = on })
  assert.is_true(is_used, seen.err)
  assert.equal(130, seen.code, seen.err)
end

-- The simulator, and the two commands that it shows.
local function cli_sim(block)
  local port = require("ports").free()
  with_sim(put(block.code, { ["8080"] = tostring(port) }), function(_, command, job)
    says(run((command:gsub("JOB_ID", job))), "success")
  end)
end

-- README: the simulator, and the script above it with what the simulator has printed.
local function readme_sim(block)
  local script
  for _, one in ipairs(papers.blocks("README.md")) do
    if one.kind == "lua" and one.heading == block.heading then script = one.code end
  end
  with_sim(block.code, function(text, _, job)
    local found = { project_id = text:match("\n  project +(%S+)"), job_id = job,
      graph_id = text:match("\n  graph +(%S+)") }
    local code = site.put(script, 'region = "[^"]*"',
      ('endpoint = "%s"'):format(text:match("http://127%.0%.0%.1:%d+")))
    for name, id in pairs(found) do
      code = site.put(code, name .. ' = "[^"]*"', ('%s = "%s"'):format(name, id))
    end
    says(good(code, { shell = ("sh %s/tools/with.sh 5.4 lua5.4"):format(site.top),
      env = { GES_TOKEN = text:match("\n  token +(%S+)") } }), "success")
  end)
end

-- The simulator with a job of each kind, and the command that waits for them, given up soon.
local function sim_jobs(block)
  local shown
  local function on(seen, process)
    local line = seen.out:match("\nWait for them %(about a minute%):\n  (.*%x)\n$")
    if shown or not line then return end
    shown = site.run(line .. " --timeout 3s -o json", { env = site.env })
    process:kill(2)
  end
  pty.run({ "-c", "exec " .. block.code }, { program = { "sh" }, env = site.env, on = on })
  says(shown, "ExportGraph", "deadline")
end

local function sim_curl(block)
  local line = put(block.code, { ["X-Auth-Token: sim-token"] = "X-Auth-Token: " .. site.token })
  says(good(line, { env = set({ URL = site.sim.url, PROJECT = site.project }) }), '"job_id"')
end

-- But for what names the simulator, of which the paper knows nothing.
local function doctor_line(block)
  local line = block.code:gsub("\n$", "")
  local region, other = line:match("region ([%w-]+), from %-%-region; HW_REGION_NAME=([%w-]+)")
  local text = run("ges doctor --region " .. region, { env = { HW_REGION_NAME = other } })
  says("\n" .. text:gsub("; its endpoint [^;]*", "") .. "\n", "\n" .. line .. "\n")
end

-- The keys of the file, without the token of temporary ones.
local function profile(block)
  local dir = site.home .. "/.huaweicloud"
  local text = put(block.code, { ["\nak = ..."] = "\nak = " .. site.ak,
    ["\nsk = ..."] = "\nsk = " .. site.sk, ["project_id = ..."] = "project_id = " .. site.project,
    ["security_token = ..."] = ";" })
  site.shell("mkdir -m 700 " .. dir)
  site.write(dir .. "/credentials", text)
  site.shell("chmod 600 " .. dir .. "/credentials")
  local asked = good("ges status -o tsv " .. site.job(),
    { env = set({ GES_TOKEN = false, GES_PROJECT_ID = false }) })
  local seen = good("ges doctor", { env = { GES_REGION = "cn-north-4" } })
  site.shell("rm -rf " .. dir)
  says(asked, "success")
  says(seen, "iam.cn-north-4.myhuaweicloud.com")
end

-- The map: lint compares its files. Its folders are there.
local function map(block)
  local count = 0
  for folder in ("\n" .. block.code):gmatch("\n([%l/]+/) ") do
    assert.equal(0, (select(2, site.shell("test -d " .. papers.top .. "/" .. folder))), folder)
    count = count + 1
  end
  assert.is_true(count >= 3)
end

-- A plugin as a package, by hand; Neovim without any setting finds it.
local function package(block)
  good(block.code)
  local place = site.home .. "/.local/share/nvim/site/pack/ges/start/ges/lua/ges/core.so"
  local text = good([[nvim --headless -n -i NONE -c 'lua print(vim.fn.exists(":Ges"),
    package.searchpath("ges.core", package.cpath) or vim.api.nvim_get_runtime_file(
    "lua/ges/core.so", false)[1], require("ges")._VERSION)' -c 'qall!' 2>&1]])
  says(text, "2 " .. place .. " " .. ges._VERSION)
end

-- The bench, with few waits.
local function bench(block)
  local text = good(block.code, { at = site.top, env = { GES_WAITS = "10" } })
  says(text, "idle", "http  round 5: 200 calls", "tls   round 5: 200 calls", "soak      10 waits")
end

local function man_wait(block)
  token_file()
  site.write(site.here .. "/next-step", "#!/bin/sh\necho next\n")
  site.shell("chmod 755 " .. site.here .. "/next-step")
  says(good(at_place(block.code), { env = { JOB = site.job() } }), "success", "next")
  local text, code = run(at_place(block.code), { env = { JOB = site.job("failed") } })
  assert.equal(1, code)
  assert.is_nil(text:find("next", 1, true))
end

local function man_failed(block)
  local why = need("jq")
  if why then return why end
  local failed = site.job("failed")
  local text = good(block.code, { env = set({ JOBS = site.job() .. " " .. failed }) })
  assert.equal(failed, text)
end

-- A graph of its own, where nothing runs but what these lines are to wait for.
local LISTED = "papers-listed"

-- Seconds of a job that still runs when a command or two have been started: on a busy machine, too.
local SLOW = 10

local function lists(block)
  local why = need("jq")
  if why then return why end
  local over, slow = site.job("failed", 0, LISTED), site.job("success", SLOW, LISTED)
  local text, code, errors = run(block.code, { env = set({ GES_GRAPH_ID = LISTED }) })
  assert.equal(0, code, errors)
  assert.equal(2, select(2, text:gsub(over, "")), text)
  says("\n" .. text, "\n" .. slow .. "  success")
  says(errors, "waiting for job " .. slow)
end

local function readme_shell(block)
  local slow = site.job("success", SLOW, LISTED)
  local code = put(block.code, { ["GES_PROJECT_ID=..."] = "GES_PROJECT_ID=" .. site.project,
    ["GES_GRAPH_ID=..."] = "GES_GRAPH_ID=" .. LISTED, ["JOB &&"] = slow .. " &&" })
  local text, status, errors = run(code, { env = { GES_TOKEN = site.token } })
  assert.equal(0, status, errors)
  says(text, slow .. "  ", "everything was imported")
  says(errors, "no job of the graph is waiting or running")
end

-- With the variables of the SDKs alone.
local function sdk_shell(block)
  local job = site.job()
  local text = good(put(block.code, { JOB = job }), { env = { HUAWEICLOUD_SDK_AK = site.ak,
    HUAWEICLOUD_SDK_SK = site.sk, HUAWEICLOUD_SDK_PROJECT_ID = site.project } })
  says(text, job, "success")
end

-- Of CONTRIBUTING: what builds, and one spec.
local function build_lines(block)
  good(block.code, { at = site.top })
end

local function spec_lines(block)
  local text = good(block.code, { at = site.top })
  local _, good_runs = text:gsub("%f[%d][1-9]%d* success%l* / 0 failures / 0 errors", "")
  assert.equal(3, good_runs, text)
end

local function man_lists(block)
  local slow = site.job("success", SLOW, LISTED)
  local text = good(block.code, { env = set({ GES_GRAPH_ID = LISTED }) })
  assert.equal(2, select(2, text:gsub(slow, "")), text)
end

-- Nothing runs on this one.
local function wait_for_running(line)
  local text, code, errors = run((line:gsub("%-%-graph G%f[^%w]", "--graph papers-idle")),
    { env = set({ GES_GRAPH_ID = "papers-idle" }) })
  assert.same({ "", 0 }, { text, code })
  says(errors, "no job of the graph is waiting or running")
end

-- tools/rocks.sh installs rocks, from a server of its own.
local function rocks()
  says(papers.read("tools/rocks.sh"), "luarocks")
end

-- README: a block that installs, which tools/fresh.sh pastes into a bare system. Here with the
-- stand-ins, in a folder: what it installs is there, and a command that it installs runs.
local function install(block)
  says(papers.read("tools/fresh.sh"), "## Install", "With make**", "With LuaRocks**",
    "For nginx with", "For OpenResty")
  local code = block.code
  local other = code:match("install%-modules LUA=(%S+)")
  if other and select(2, site.shell("pkg-config " .. other)) ~= 0 then
    return "there are no headers of " .. other
  end
  if code:find("git clone", 1, true) then
    return says(good(code .. "pwd\n"), "apt-get install -y git make", "/ges")
  end
  if code:find("/usr/local/openresty/luajit", 1, true) then
    local include = site.shell("pkg-config --variable=includedir luajit")
    code = code:gsub("LUA_INCDIR=/usr/local/openresty/luajit/include/luajit%-2%.1",
      "LUA_INCDIR=" .. include)
  end
  local root = site.install(code)
  if code:find("luarocks", 1, true) then return end
  local found = site.shell(("find %s -name core.so -o -name ges -type f"):format(root))
  says(found, "/ges/core.so")
  local command = found:match("(%S+/bin/ges)%f[%s%z]")
  assert.equal(code:find("PREFIX=", 1, true) ~= nil, command ~= nil, found)
  if command then says(good(command .. " version"), "ges " .. ges._VERSION) end
end

-- Which block is run by what: file, heading, function, and the first line's beginning where a
-- heading has several. A function returns nothing, or why its block could not be tried.
shell.blocks = {
  { "README.md", "ges", first_commands },
  { "README.md", "In a script", readme_sim, "lua5.4 bin/ges sim" },
  { "README.md", "In a shell", readme_shell },
  { "README.md", "Install", install },
  { "CONTRIBUTING.md", "Build", build_lines },
  { "CONTRIBUTING.md", "One spec", spec_lines },
  { "doc/ci.md", "A step that waits", ci_step },
  { "doc/ci.md", "Exit codes that decide", ci_script, "#!/bin/sh" },
  { "doc/ci.md", "Exit codes that decide", ci_many, "ges wait -o jsonl" },
  { "doc/ci.md", "From cron", cron },
  { "doc/cli.md", "The command", cli_first },
  { "doc/cli.md", "Jobs without an id", lists },
  { "doc/cli.md", "Secrets", cli_secrets },
  { "doc/cli.md", "The JSON schema, version 1", cli_output },
  { "doc/cli.md", "Completion", cli_completion },
  { "doc/cli.md", "The simulator", cli_sim },
  { "doc/credentials.md", "Credentials, endpoint and project", doctor_line },
  { "doc/credentials.md", "The profile file", profile },
  { "doc/from-the-sdks.md", "From the SDKs, KooCLI or Terraform", sdk_shell, "ges wait" },
  { "doc/internals.md", "Map", map },
  { "doc/neovim.md", "ges in Neovim", function(block) good(block.code) end },
  { "doc/neovim.md", "Install", package, "git clone" },
  { "doc/neovim.md", "Install", rocks, "luarocks" },
  { "doc/neovim.md", "How long the editor is blocked", bench },
  { "doc/simulator.md", "From a shell", sim_jobs },
  { "doc/simulator.md", "Choosing how a job runs", sim_curl },
  { "doc/man/ges.1", "EXAMPLES", man_wait, "export" },
  { "doc/man/ges.1", "EXAMPLES", man_failed, "ges status" },
  { "doc/man/ges.1", "EXAMPLES", man_lists, "ges jobs" },
}

-- The words of the papers for what is to be put in, in a command line.
local function fill_in(line)
  return (line:gsub("%f[%w]JOB%.%.%.", site.job() .. " " .. site.job())
    :gsub("%f[%w]JOB%f[^%w]", site.job()):gsub("%-%-project P%f[^%w]", "--project " .. site.project)
    :gsub("%-%-graph G%f[^%w]", "--graph " .. site.graph))
end

-- `ges wait` is the name of a command; `ges a|b` stands for two lines.
local function command(line)
  if line:find("COMMAND", 1, true) then
    for _, one in ipairs(cli.commands()) do
      says(good((line:gsub("COMMAND", one.name))), "ges " .. one.name)
    end
  elseif line:find("^ges %l+$") and not line:find("doctor", 1, true) then
    says(good(line .. " --help"), line)
  else
    local head, choice = line:match("^(.- )(%S+\\|%S+)$")
    for word in (choice or "-"):gmatch("[^\\|]+") do
      assert.is_true(#good(fill_in(head and head .. word or line), { env = set() }) > 0)
    end
  end
end

-- An option of a server that would run until Ctrl-C: its help knows it.
local function sim_option(line)
  says(good("ges sim --help"), line:match("%-%-%l+"))
end

-- A target, or a script with a part, that takes longer than a spec may: it is there.
local function target(line)
  good("make -n " .. line:match("^make (.*)$"), { at = site.top })
end

local function script(line)
  local file, part = line:match("^%S+ (%S+) ?(%S*)$")
  local text = papers.read(file)
  assert.is_truthy(part == "" or text:find("%f[%w]" .. part .. "%f[%W]"), line)
end

--- The command lines in sentences: the first pattern that fits says what runs one.
shell.commands = {
  { "^make ", target },
  { "^sh bench/run%.sh %l+$", script },
  { "^sh tools/%l+%.sh", script },
  { "^luajit bench/[%w_]+%.lua$", script },
  { "^ges sim %-%-[jf]", sim_option },
  { "^ges wait .*%-%-running$", wait_for_running },
  { "^ges ", command },
  { "^apt%-get install ", function(line) says(good(line), line) end },
  { "^luarocks ", rocks },
  { "^eval \"%$%(luarocks ", rocks },
}

return shell
