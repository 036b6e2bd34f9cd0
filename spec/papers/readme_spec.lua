-- README.md: its options, defaults and kinds are those that there are. What it shows is run by
-- blocks_spec.lua.
local core = require("ges.core")

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

describe("README.md", function()
  local text = read("README.md")

  it("has only options that there are, with their defaults", function()
    local known, count = {}, 0
    for _, option in ipairs(core.options()) do known[option.name] = option end
    local rows = text:match("\n| option |.-\n\n")
    for names, defaults in rows:gmatch("\n| ([^|]*`[^|]*) | ([^|]*) |") do
      for name in names:gmatch("`([^`]+)`") do
        local option = assert(known[name], name)
        local default = type(option.default) == "number" and option.default
        if default and defaults:find("%d") then
          local shown = default >= 1048576 and ("%d MiB"):format(default / 1048576) or default
          assert.matches("%f[%w]" .. shown .. "%f[^%w]", defaults, nil, nil, name)
          count = count + 1
        end
      end
    end
    assert.is_true(count >= 5)
  end)

  it("names every kind, as do the annotations", function()
    local types = read("lua/ges/types.lua"):match("@alias ges%.Kind\n(.-)\n\n")
    for kind in pairs(core.kinds) do
      if kind ~= "memory" then
        assert.is_truthy(text:find("`" .. kind .. "`", 1, true), "README lacks " .. kind)
        assert.is_truthy(types:find('"' .. kind .. '"', 1, true), "types.lua lacks " .. kind)
      end
    end
    for kind in types:gmatch('"([%l_]+)"') do assert.is_truthy(core.kinds[kind], kind) end
  end)

  it("is of one mind with the table of kinds: what is tried again", function()
    local rows = text:match("| kind | when | tried again |\n(.-)\n\n")
    for kind, about in pairs(core.kinds) do
      local again = kind ~= "memory" and rows:match("`" .. kind .. "`[^\n]*|([^|\n]*)|\n")
      if again then
        local says_so = again:find("^ yes") or again:find("^ at most")
        assert.equal(about.retryable, says_so ~= nil, kind)
      end
    end
  end)
end)

describe("doc/ges.txt", function()
  it("names only options that there are, with the default of a wait", function()
    local known = {}
    for _, option in ipairs(core.options()) do known[option.name] = true end
    local list = read("doc/ges.txt"):match("matter most:\n\n(.-)\n\n")
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
