-- ges.cli.args and options: what a command line and an environment mean, without running anything.

local args = require "ges.cli.args"
local cli = require "ges.cli"
local options = require "ges.cli.options"

local commands = cli.commands()

local function read(line, env)
  local words = {}
  for word in line:gmatch("%S+") do words[#words + 1] = word end
  return args.read(words, commands, function(name) return env and env[name] end)
end

local function refused(pattern, line, env)
  local request, why = read(line, env)
  assert.is_nil(request)
  assert.matches(pattern, why)
  return why
end

describe("ges.cli.options.duration", function()
  it("reads what people write", function()
    local expected = { ["90s"] = 90, ["5m"] = 300, ["1h"] = 3600, ["250ms"] = 0.25,
      ["1h30m"] = 5400, ["1.5m"] = 90, ["2d"] = 172800, ["0"] = 0, ["10"] = 10, ["0.5"] = 0.5,
      [".5s"] = 0.5 }
    for text, seconds in pairs(expected) do
      assert.equal(seconds, (options.duration(text)), text)
    end
  end)

  it("refuses everything else", function()
    for _, text in ipairs { "", "s", "5x", "-5", "-5s", "1e3", "nan", "inf", "0x10", "5 s", "5S",
      "5m3", "1..5s", ".", "5s ", "1h-3m" } do
      local seconds, why = options.duration(text)
      assert.is_nil(seconds, text)
      assert.matches("not a duration", why)
    end
  end)
end)

describe("ges.cli.args", function()
  it("reads flags before, between and after the jobs", function()
    local request = assert(read "wait --graph g a -o json b --timeout 5m c")
    assert.same({ "a", "b", "c" }, request.jobs)
    assert.equal("g", request.values.graph_id)
    assert.equal("json", request.values.output)
    assert.equal(300, request.values.timeout)
    assert.equal("wait", request.spec.name)
  end)

  it("reads flags before the command's name", function()
    local request = assert(read "-o json --graph wait status j")
    assert.equal("status", request.spec.name)
    assert.equal("wait", request.values.graph_id)
    assert.same({ "j" }, request.jobs)
    assert.equal("help", select(3, read "help wait").what)
  end)

  it("knows both spellings", function()
    local request = assert(read "status --project-id=p --graph-id g --output tsv --quiet j")
    assert.same({ "p", "g", "tsv", true }, { request.values.project_id, request.values.graph_id,
      request.values.output, request.values.quiet })
  end)

  it("takes jobs after -- whatever they look like", function()
    assert.same({ "-o", "--token" }, assert(read "status -- -o --token").jobs)
  end)

  it("gives every option a variable, and the flag comes first", function()
    local env = { GES_GRAPH_ID = "env", GES_TIMEOUT = "2m", GES_OUTPUT = "yaml", GES_QUIET = "1",
      GES_VERBOSE = "no", GES_ACCEPT = "success,partial" }
    local values = assert(read("wait --graph flag j", env)).values
    assert.equal("flag", values.graph_id)
    assert.equal(120, values.timeout)
    assert.equal("yaml", values.output)
    assert.is_true(values.quiet)
    assert.is_false(values.verbose)
    assert.same({ "success", "partial" }, values.accept)
    assert.is_nil(assert(read("wait j", { GES_GRAPH_ID = "" })).values.graph_id)
    local seen = {}
    for _, rows in pairs(options.groups) do
      for _, row in ipairs(rows) do
        assert.matches("^GES_[A-Z_]+$", row.env)
        assert.truthy(seen[row.env] == nil or seen[row.env] == row.name)
        seen[row.env] = row.name
      end
    end
  end)

  it("reads since when jobs are listed as a time ago or a day", function()
    for text, value in pairs { ["2h"] = 7200, ["1d12h"] = 129600, ["90"] = 90,
      ["2024-02-29"] = "2024-02-29" } do
      assert.equal(value, assert(read("jobs --since " .. text)).values.start_time)
    end
    for _, text in ipairs { "2023-02-29", "2024-13-01", "2024-1-1", "2024-01-31T00:00:00",
      "yesterday", "2h-", "20240101x" } do
      refused("^%-%-since must be a time ago, such as .*, or a day, such as ",
        "jobs --since " .. text)
    end
  end)

  it("takes a graph by one name: of two variables the id counts", function()
    local function graph(line, env)
      local values = assert(read(line, env)).values
      return { values.graph_id, values.graph_name }
    end
    local both = { GES_GRAPH_ID = "i", GES_GRAPH_NAME = "n" }
    assert.same({ "i" }, graph("jobs", both))
    assert.same({ "f" }, graph("jobs --graph f", both))
    assert.same({ [2] = "f" }, graph("jobs --graph-name f", both))
    assert.same({ [2] = "n" }, graph("jobs", { GES_GRAPH_NAME = "n" }))
    assert.same({ "f", "g" }, graph("jobs --graph f --graph-name g"))
  end)

  it("names the variable that is wrong", function()
    refused("^GES_TIMEOUT is not a duration", "wait j", { GES_TIMEOUT = "soon" })
    refused("^GES_OUTPUT must be one of", "wait j", { GES_OUTPUT = "xml" })
    refused("^GES_QUIET must be 1 or 0, or yes, ", "wait j", { GES_QUIET = "maybe" })
  end)

  it("lets a flag silence the variable that says the same in another way", function()
    local env = { GES_ENDPOINT = "e", GES_REGION = "r", GES_CLOUD = "c" }
    local function where(line)
      local values = assert(read(line, env)).values
      return { values.endpoint or "", values.region or "", values.cloud or "" }
    end
    assert.same({ "e", "", "" }, where "status j")
    assert.same({ "", "x", "c" }, where "status --region x j")
    assert.same({ "x", "", "" }, where "status --endpoint x j")
    assert.same({ "x", "y", "" }, where "status --endpoint x --region y j")
    assert.same({ "", "r", "y" }, where "status --cloud y j")
    env = { GES_PROJECT_ID = "p", GES_PROJECT_NAME = "n", GES_GRAPH_ID = "g",
      GES_GRAPH_NAME = "m" }
    local function what(line)
      local values = assert(read("jobs " .. line, env)).values
      return { values.project_id or "", values.project or "", values.graph_id or "",
        values.graph_name or "" }
    end
    assert.same({ "p", "n", "g", "" }, what "")
    assert.same({ "", "x", "g", "" }, what "--project-name x")
    assert.same({ "x", "", "g", "" }, what "--project x")
    assert.same({ "y", "x", "g", "" }, what "--project-name x --project y")
    assert.same({ "p", "n", "", "x" }, what "--graph-name x")
    assert.same({ "p", "n", "x", "" }, what "--graph x")
    env = { GES_TOKEN = "t", GES_TOKEN_FILE = "f" }
    assert.is_nil(assert(read("status j", env)).values.token_file)
    assert.equal("x", assert(read("status --token-file x j", env)).values.token_file)
    env = { GES_TOKEN_FILE = "f" }
    assert.equal("f", assert(read("status j", env)).values.token_file)
  end)

  it("refuses secrets without repeating them", function()
    for _, flag in ipairs { "--token", "--ak", "--sk", "--password", "--security-token" } do
      for _, form in ipairs { "status %s hush j", "status %s=hush j", "%s hush wait j" } do
        local why = refused("command line", form:format(flag))
        assert.is_nil(why:find("hush", 1, true))
      end
    end
    local why = refused("password", "status --proxy http://me:hush@proxy j")
    assert.is_nil(why:find("hush", 1, true))
  end)

  it("says what is wrong in one line", function()
    refused("a command is required", "")
    refused("unknown command 'wiat'; did you mean 'wait'%?$", "wiat")
    refused("unknown option '%-%-tiemout'; did you mean '%-%-timeout'%?$", "wait --tiemout 5 j")
    refused("missing argument 'JOB'", "status")
    refused("too many arguments", "watch a b")
    refused("must be one of 'table'", "wait -o xml j")
    refused("%-%-accept must be a list of success", "wait --accept good j")
    refused("%-%-max%-in%-flight is not a whole number", "wait --max-in-flight 2.5 j")
    refused("%-%-region is empty", "wait --region= j")
    refused("^unknown shell 'tcsh': give bash, zsh or fish$", "completion tcsh")
    refused("^a shell is required: bash, zsh or fish$", "completion")
  end)

  it("suggests no option of one letter for another, and a command where there is none", function()
    refused("^unknown option '%-t'$", "wait -t 5 j")
    refused("^unknown option '%-x'$", "-x")
    for line, flag in pairs { ["--region"] = "--region", ["--region cn"] = "--region",
      ["--region=cn -q"] = "--region", ["-o json"] = "-o", ["-q -v"] = "-q" } do
      assert.equal("a command is required: " .. flag .. " is an option of commands",
        refused("", line))
    end
    refused("^unknown command 'wiat'; did you mean 'wait'%?$", "--region cn -q wiat j")
    refused("^unknown option '%-%-regoin'$", "--regoin cn j")
    assert.equal("help", select(3, read "--region cn help wait").what)
    assert.equal("help", select(3, read "-h anything").what)
  end)

  it("stops for help and version", function()
    for _, line in ipairs { "--help", "-h", "wait --help", "wait j -h", "--version" } do
      local request, _, stop = read(line)
      assert.is_nil(request)
      assert.is_truthy(stop)
    end
    local text = select(3, read "wait -h").text
    assert.truthy(text:find("Examples:", 1, true) < text:find("--endpoint", 1, true))
    assert.truthy(text:find("124 ", 1, true))
    assert.truthy(text:find("\nA value in parentheses is the default.\n", 1, true))
    for line in text:gmatch("[^\n]+") do assert.truthy(#line <= 80, line) end
    text = text:gsub("\n%s+", " ")
    assert.is_truthy(text:find("pauses included (1h); 0 asks once", 1, true), text)
  end)

  it("says in each help what the command does, and what parentheses mean", function()
    for _, command in ipairs(commands) do
      local text = select(3, read(command.name .. " -h")).text
      assert.matches("^Usage: [^\n]+\n\n%u%l+s [^\n]+", text)
      local has_default = text:gsub("\n%s+", " "):find(" %(%w+%)%f[%s]") ~= nil
      if command.name == "version" or command.name == "completion" then has_default = false end
      assert.equal(has_default, text:find("A value in parentheses is", 1, true) ~= nil,
        command.name)
    end
  end)
end)
