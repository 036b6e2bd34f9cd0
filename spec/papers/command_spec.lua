-- The papers of the command say what the command does: no option, variable, code, field or kind is
-- missing, and none is there that is not.

local core = require "ges.core"
local exit = require "ges.cli.exit"
local json = require "ges.json"
local kit = require "cli_kit"
local options = require "ges.cli.options"
local output = require "ges.cli.output"
local pty = require "pty"

local function read(path)
  local file = assert(io.open(pty.top .. "/" .. path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- The man page as it is read: no macros, no fonts.
local man = read("doc/man/ges.1"):gsub("\\f.", ""):gsub("\\%-", "-"):gsub("\n%.%u+ ", "\n")
  :gsub('"', ""):gsub("  +", " ")
local cli = read "doc/cli.md"

-- Kinds that no run of the command ends with: it closes no client, and lacking memory throws.
local UNSEEN = { closed = true, memory = true }

local function each_row()
  local rows = {}
  for _, group in pairs(options.groups) do
    for _, row in ipairs(group) do rows[#rows + 1] = row end
  end
  local i = 0
  return function()
    i = i + 1
    return rows[i]
  end
end

describe("ges(1)", function()
  it("has every option and every variable", function()
    for row in each_row() do
      assert.truthy(man:find(row.flag .. (row.arg and " " .. row.arg or ""), 1, true), row.flag)
      assert.truthy(not row.also or man:find(row.also, 1, true), row.also)
      assert.truthy(man:find("(" .. row.env .. ")", 1, true), row.env)
    end
  end)

  it("has the default and the words of every option", function()
    for row in each_row() do
      local about = man:match("%(" .. row.env .. "%)\n(.-)\n%.TP")
      local default = row.help:match("%((%d%w*)%)$")
      assert.truthy(not default or about:find(default .. " by default", 1, true), row.flag)
      for _, word in ipairs(row.choices or {}) do
        assert.matches("%f[%w]" .. word:gsub("%-", "%%-") .. "%f[^%w]", about)
      end
    end
  end)

  it("has no option and no variable that is not there", function()
    local known = { ["--help"] = true, ["--version"] = true, ["--"] = true }
    local variables = { GES_TOKEN = true }
    for row in each_row() do
      known[row.flag], known[row.also or row.flag], variables[row.env] = true, true, true
    end
    for _, text in ipairs { man, cli, read "doc/ci.md" } do
      for flag in text:gmatch("%f[%w-](%-%-%l[%l-]+)") do
        assert.truthy(known[flag] or flag == "--token", flag)
      end
      for name in text:gmatch("%f[%w_]GES_[%u_]+") do assert.truthy(variables[name], name) end
    end
  end)

  it("has the exit codes of the help", function()
    for _, row in ipairs(exit.MEANING) do
      assert.truthy(man:find(("\n%d\n%s\n"):format(row[1], row[2]), 1, true), row[1])
      assert.matches("\n| " .. row[1] .. " |", cli)
    end
  end)

  it("has the order of the exit codes", function()
    assert.truthy(man:gsub("%s+", " "):find(exit.worst_first(), 1, true))
    assert.truthy(cli:gsub("%s+", " "):find(exit.worst_first(), 1, true))
  end)

  it("has the version", function()
    assert.truthy(man:find("ges " .. core._VERSION, 1, true))
  end)

  it("is a man page without a warning, as is ges(3)", function()
    for _, check in ipairs { "mandoc -T lint -W warning", "groff -ww -man -Tutf8 -z" } do
      for _, page in ipairs { "/doc/man/ges.1", "/doc/man/ges.3" } do
        local seen = pty.run({ "-c", ("command -v %s >/dev/null || exit 0; %s %s"):format(
          check:match("^%a+"), check, pty.top .. page) }, { program = { "/bin/sh" } })
        assert.equal("0", seen.code .. seen.out .. seen.err)
      end
    end
  end)
end)

describe("the recording of a terminal", function()
  local svg = read "doc/terminal.svg"

  it("is shown in the README, and is small and whole by itself", function()
    assert.truthy(read("README.md"):find("](doc/terminal.svg)", 1, true))
    assert.truthy(#svg < 60000)
    assert.is_nil(svg:gsub('xmlns="[^"]*"', ""):find("https?:"))
    assert.is_nil(svg:find("href", 1, true) or svg:find("<script", 1, true))
  end)

  it("shows what the command still writes", function()
    assert.is_nil(svg:find(kit.token, 1, true))
    local commands = 0
    for line in svg:gmatch(">%$</tspan> ges ([^<]*)<") do
      commands = commands + 1
      local name = line:match("^%l+")
      assert.equal(0, pty.run({ name, "--help" }).code)
    end
    assert.equal(3, commands)
    assert.matches("running %ds  ImportGraph  files %d/4  lines %d+", svg)
    assert.truthy(svg:find('Status    <tspan class="good">success</tspan>', 1, true))
  end)
end)

describe("doc/cli.md", function()
  setup(kit.start)
  teardown(kit.stop)

  local function documented(object, more)
    for name in pairs(object) do
      assert.truthy(cli:find("[`%s]" .. name .. "[`%s]") or (more or {})[name], name)
    end
  end

  it("has every field of a record, an error, a summary and an event", function()
    local made = json.decode(kit.ges({ "status", "-o", "json", kit.job(0) }).out)
    documented(made)
    documented(made.summary)
    documented(made.summary.files)
    documented(made.summary.lines)
    made = json.decode(kit.ges({ "status", "-o", "json", "nope" }).out)
    documented(made)
    documented(made.error)
    for line in kit.ges({ "watch", "--not-found-grace", "0", "nope" }).out:gmatch("[^\n]+") do
      documented(json.decode(line))
    end
  end)

  it("has the columns of tsv", function()
    local header = kit.ges({ "status", "-o", "tsv", "nope" }).out:match("^[^\n]+")
    local words = cli:gsub("%s+", " ")
    assert.truthy(words:find(header:gsub("\t", " "), 1, true))
  end)

  it("puts every kind beside its code", function()
    for kind, about in pairs(core.kinds) do
      local row = cli:match("\n(| %d+ [^\n]*`" .. kind .. "`[^\n]*)\n")
      assert.truthy(row or UNSEEN[kind], kind)
      if row then assert.equal(about.exit_code, tonumber(row:match("%d+")), kind) end
    end
  end)

  it("shows forms that are read as they say", function()
    for _, form in ipairs(output.names) do
      assert.truthy(cli:find("* `" .. form .. "`", 1, true), form)
      assert.matches("%f[%w]" .. form .. "%f[%W]", man:match("%-%-output(.-)%-%-no%-header"))
    end
  end)
end)
