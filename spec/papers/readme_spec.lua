-- What the papers say in figures, names and links is so: README.md, the reference (doc/api.md),
-- doc/from-the-sdks.md, the chart, Neovim's help. What they show is run by blocks_spec.lua; lint
-- checks that the generated ones are those of `make doc`.

local core = require("ges.core")
local env = require("ges.credentials.env")
local options = require("ges.cli.options")
local papers = require("papers")
local waiter = require("ges.wait.waiter")

local read = papers.read

-- The cells of each row of the first table below a text of a paper, by its first cell.
local function table_below(text, heading)
  local rows = {}
  local _, last = text:find(heading, 1, true)
  assert(last, heading)
  for line in text:sub(last):match("\n(|.-)\n\n"):gmatch("[^\n]+") do
    local cells = {}
    for cell in line:gsub("\\|", "/"):gmatch("|%s*([^|]-)%s*%f[|]") do cells[#cells + 1] = cell end
    rows[#rows + 1] = cells
  end
  return rows
end

describe("doc/api.md", function()
  local text = read("doc/api.md")

  it("has each option with its default and its calls", function()
    local rows = {}
    for _, cells in ipairs(table_below(text, "lookups that the call needs.")) do
      rows[cells[1]] = cells
    end
    for _, option in ipairs(core.options()) do
      if option.calls["ges.new"] or option.calls["ges.wait_all"] or option.calls["ges.wait"]
        or option.calls["ges.jobs"] or option.calls["ges.request"] then
        local cells = assert(rows["`" .. option.name .. "`"], option.name)
        local default = type(option.default) == "number" and option.default
        if default then
          local shown = default >= 1048576 and ("%d MiB"):format(default / 1048576) or default
          assert.matches("%f[%w]" .. shown .. "%f[^%w]", cells[3], nil, nil, option.name)
        end
        assert.equal(option.calls["ges.wait_any"] == true,
          cells[5]:find("^all") ~= nil or cells[5]:find("wait_any", 1, true) ~= nil, option.name)
      end
    end
  end)

  it("says of each call what it takes besides what all take", function()
    local seen = 0
    for _, cells in ipairs(table_below(text, "besides those of all calls:")) do
      for call in cells[1]:gmatch("`([%l_]+)`") do
        for _, option in ipairs(core.options()) do
          local is_shown = cells[2]:find("`" .. option.name .. "`", 1, true) ~= nil
          assert.is_true(not is_shown or option.calls["ges." .. call] == true,
            call .. ", " .. option.name)
          if is_shown then seen = seen + 1 end
        end
      end
    end
    assert.is_true(seen > 20)
  end)

  it("has each kind, and whether it is tried again", function()
    local types = read("lua/ges/types.lua"):match("@alias ges%.Kind\n(.-)\n\n")
    local rows = {}
    for _, cells in ipairs(table_below(text, "\n## ges.Kind\n")) do
      rows[cells[1]:match("`([%l_]+)`") or ""] = cells
    end
    for kind, about in pairs(core.kinds) do
      if kind ~= "memory" then
        assert.equal(about.retryable and "yes" or "no", assert(rows[kind], kind)[3], kind)
        assert.is_truthy(types:find('"' .. kind .. '"', 1, true), "types.lua lacks " .. kind)
      end
    end
    for kind in types:gmatch('"([%l_]+)"') do assert.is_truthy(core.kinds[kind], kind) end
  end)

  it("has each code of the service that decides a kind", function()
    local said = text:match("\n%* A code of the service.-\n%* "):gsub("%s+", " ")
    local count = 0
    for number, kind in read("src/lua/result.c"):gmatch('{ "(%d+)", [%u_]+, GES_([%l_]+) }') do
      local from = assert(said:find("." .. number, 1, true), number)
      assert.equal(kind, said:match("`([%l_]+)`", from), number)
      count = count + 1
    end
    assert.is_true(count >= 10)
  end)

  it("has how late a wait is and how often it asks", function()
    local seed = 20181127
    local function random()
      seed = (seed * 16807) % 2147483647
      return seed / 2147483647
    end
    local function run(life)
      local w = waiter.new({}, { defaults = core.defaults, random = random, silent = true })
      local now, polls, result = 0, 0, nil
      while true do
        local act, value = w:next(now, result)
        result = nil
        if act == "done" then return now, polls end
        if act == "sleep" then
          now = now + value
        else
          polls = polls + 1
          result = { job = { status = now >= life and "success" or "running" }, info = {} }
        end
      end
    end
    local late, asked = 0, 0
    for _ = 1, 4000 do late = late + (run(56) - 56) / 4000 end
    for _ = 1, 200 do asked = asked + select(2, run(3600)) / 200 end
    local life, seconds, polls = text:gsub("%s+", " "):match(
      "end of a job of (%d+) s is noticed after ([%d.]+) s on average, and an hour costs (%d+)")
    assert.equal("56", life)
    assert.is_true(math.abs(late - tonumber(seconds)) < 0.05, late)
    assert.is_true(math.abs(asked - tonumber(polls)) < 2, asked)
  end)
end)

describe("doc/from-the-sdks.md", function()
  local text = read("doc/from-the-sdks.md")

  -- Variables that this library reads, whatever for.
  local known = {}
  for _, names in pairs(env.names) do
    for _, name in ipairs(names) do known[name] = true end
  end
  for _, name in ipairs(core.trust_names()) do known[name] = true end
  known.HTTPS_PROXY = true

  local function is_read(name)
    return known[name] == true or name:find("^HUAWEICLOUD_SDK_REGION_GES_") ~= nil
  end

  local function variables(cell)
    return cell:gmatch("`(%a[%u%d]*_[%u%d_]+)`")
  end

  it("says of each variable of theirs whether it is read", function()
    local count = 0
    for line in text:gmatch("\n(|[^\n]*)") do
      local theirs, ours = line:match("^|(.*)|([^|]*)|$")
      local same, unread = ours:find("the same variable"), ours:find("not read")
      for name in variables(theirs) do
        if same then assert.is_true(is_read(name), name) end
        if unread then assert.is_false(is_read(name), name) end
        if same or unread then count = count + 1 end
      end
    end
    assert.is_true(count >= 20)
  end)

  it("names only options, flags and variables of ges that there are", function()
    local flags, by_name, environment = {}, {}, { GES_TOKEN = true }
    for _, group in pairs(options.groups) do
      for _, row in ipairs(group) do
        flags[row.flag], flags[row.also or row.flag], environment[row.env] = true, true, true
      end
    end
    for _, option in ipairs(core.options()) do by_name[option.name] = true end
    local count, is_theirs = 0, true
    for line in text:gmatch("\n([^\n]*)") do
      local ours = line:match("|([^|]*)|$") or ""
      if line:find("^| `ges` |") then
        ours, is_theirs = line, false
      elseif line:find("^|") and not line:find("^|%-") and text:find(line .. "\n|---", 1, true) then
        is_theirs = not ours:find("`ges`", 1, true) and not ours:find("client:", 1, true)
      end
      if is_theirs then ours = "" end
      for flag in ours:gmatch("`(%-%-[%l-]+)[^`]*`") do
        assert.is_true(flags[flag], flag)
        count = count + 1
      end
      for name in variables(ours) do
        assert.is_true(is_read(name) or environment[name], name)
        count = count + 1
      end
      for name in ours:gmatch("`([%l_]+) = [^`]*`") do assert.is_true(by_name[name], name) end
    end
    assert.is_true(count >= 20)
  end)
end)

describe("the chart", function()
  it("is drawn from the figures of bench/results.md", function()
    local path = package.path
    package.path = papers.top .. "/?.lua;" .. path
    local svg = require("bench.picture").of(read("bench/results.md"))
    package.path = path
    assert.equal(svg, read("doc/bench.svg"))
  end)
end)

-- The name that a heading gets as the target of a link.
local function anchor(heading)
  return (heading:lower():gsub("[^%w _-]", ""):gsub(" ", "-"))
end

describe("the links of the papers", function()
  it("lead to files and headings that there are", function()
    local count = 0
    for _, path in ipairs(papers.list()) do
      local text = ("\n" .. read(path)):gsub("\n```.-\n```", "")
      for target in text:gmatch("%]%(([^)%s]+)%)") do
        local file, heading = target:match("^([^#]*)#?(.*)$")
        local whole = file == "" and path or (path:match("^.*/") or "") .. file
        if not target:find("^https?:") then
          local found = io.open(papers.top .. "/" .. whole)
          assert.is_truthy(found, path .. ": " .. target)
          found:close()
          local has = heading == ""
          for line in ("\n" .. (has and "" or read(whole))):gmatch("\n#+ ([^\n]*)") do
            has = has or anchor(line) == heading
          end
          assert.is_true(has, path .. ": " .. target)
          count = count + 1
        end
      end
    end
    assert.is_true(count >= 50)
  end)
end)

describe("doc/ges.txt", function()
  it("names only options that there are, with the default of a wait", function()
    local known = {}
    for _, option in ipairs(core.options()) do known[option.name] = true end
    local list = read("doc/ges.txt"):match("important ones:\n\n(.-)\n\n")
    local count = 0
    for names in ("\n" .. list):gmatch("\n    (`[^\n]-)  ") do
      for name in names:gmatch("`([%l_]+)`") do
        assert.is_truthy(known[name], name)
        count = count + 1
      end
    end
    assert.is_true(count >= 10)
    assert.is_truthy(list:find("a wait's default is " .. core.defaults.wait_timeout, 1, true))
  end)
end)
