-- tools/loops.lua and the rule of tools/house.lua that stands on it: Lua 5.5 compiles no assignment
-- to a loop's control variable.

local child = require("child")

local ok, loops = pcall(dofile, "tools/loops.lua")
local missing = not ok and "no luacheck for this Lua: apt-get install lua-check"

local function with_luacheck(name, body)
  it(name, function()
    if missing then pending(missing) end
    body()
  end)
end

-- What is found in a chunk: "line name, line name".
local function found(text)
  local list = {}
  for _, one in ipairs(assert(loops.find(text))) do
    list[#list + 1] = ("%d %s"):format(one.line, one.name)
  end
  return table.concat(list, ", ")
end

describe("assignments to a loop's variable", function()
  with_luacheck("are found for numbers", function()
    assert.equal("2 i", found("for i = 1, 3 do\n  i = i + 1\nend"))
  end)

  with_luacheck("are found for the first variable of an iterator only", function()
    assert.equal("2 k", found("for k, v in pairs(t) do\n  k = 1\n  v = 2\nend"))
  end)

  with_luacheck("are found among others, in a function and in an inner loop", function()
    assert.equal("2 i, 4 i", found("for i = 1, 3 do\n  a, i = 1, 2\n  for _ in f() do\n"
      .. "    g(function() i = 4 end)\n  end\nend"))
  end)

  with_luacheck("are none where a local has the name, or behind the loop", function()
    assert.equal("", found("for i = 1, 3 do\n  local i = i\n  i = i + 1\nend\ni = 5"))
    assert.equal("", found("for i = 1, 3 do t.i = i; t[i] = 1; i.x = 2 end"))
    assert.equal("", found("local _\nfor k, v in pairs(t) do _ = k, v end"))
  end)

  with_luacheck("are looked for below the first line of a program, too", function()
    assert.equal("2 i", found("#!/usr/bin/env lua\nfor i = 1, 3 do i = 2 end"))
  end)

  with_luacheck("cannot be looked for in what is no Lua", function()
    local none, line, why = loops.find("x = 1\ny = = 2")
    assert.is_nil(none)
    assert.equal(2, line)
    assert.matches("^expected", why)
  end)
end)

describe("tools/house.lua", function()
  local folder, said

  local function put(name, text)
    local file = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
    file:close()
  end

  setup(function()
    folder = child.shell("mktemp -d")
    put("one.lua", "local n = 0\nfor i = 1, 3 do\n  i = n\nend\n")
    put("good.lua", "for i = 1, 3 do\n  print(i)\nend\n")
    put("paper.md", "# Paper\n\n```lua\n{ a = 1 }\n```\n\n```lua\nlocal t = {}\n"
      .. "for k in pairs(t) do\n  k = 1\nend\n```\n")
    put("prose.md", "# Prose\n\n```lua\nlocal a\nthis is prose\n```\n")
    said = child.shell(("cd %s && lua5.4 \"$OLDPWD/tools/house.lua\" tree"):format(folder))
  end)

  teardown(function() child.shell("rm -rf -- " .. folder) end)

  with_luacheck("refuses them in a file", function()
    assert.is_truthy(said:find("one.lua:3: i is a loop's variable", 1, true), said)
    assert.is_nil(said:find("good.lua", 1, true), said)
  end)

  with_luacheck("refuses them in the Lua of a paper, which is a chunk or an expression", function()
    assert.is_truthy(said:find("paper.md:10: k is a loop's variable", 1, true), said)
    assert.equal(1, select(2, said:gsub("paper%.md", "")), said)
    assert.is_truthy(said:find("prose.md:5: this is not valid Lua: ", 1, true), said)
  end)
end)
