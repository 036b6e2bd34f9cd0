-- tools/mutate.sh and tools/mutate.lua on a small tree of their own, and the data of this one.

local child = require("child")

local FILES = {
  Makefile = "support all:\n\t@! grep -q unbuildable lua/half.lua\n",
  ["lua/half.lua"] = [[
local function half(n)
  return n / 2
end
local text = "quiet"
return { half = half, text = text }
]],
  ["spec/half_spec.lua"] = [[
it("halves", function() assert.equal(3, math.floor(require("half").half(6))) end)
]],
  ["spec/bad_spec.lua"] = 'it("fails whatever the code is", function() error("bad") end)\n',
  ["spec/one_lua_spec.lua"] = [[
it("looks on Lua 5.4", function()
  assert.equal("quiet", rawget(_G, "jit") and "quiet" or require("half").text)
end)
]],
  ["spec/mutate/half.lua"] = [==[
return {
  room = "half",
  specs = { "spec/bad_spec.lua", "spec/half_spec.lua", "spec/one_lua_spec.lua" },

  { file = "lua/half.lua",
    text = "n / 2",
    put = "n / 3",
    why = "a third",
    spec = "spec/half_spec.lua",
    seen = true },

  { file = "lua/half.lua",
    text = "quiet",
    put = "loud",
    why = "seen on one Lua only",
    seen = false,
    because = "only Lua 5.4 sees it" },

  { file = "lua/half.lua",
    text = "  return n",
    put = "  return n -- unbuildable\n",
    why = "no code",
    seen = false,
    because = "not run yet" },

  { file = "lua/half.lua",
    text = "return {",
    put = "return { forever = true,",
    why = "no end",
    seen = false,
    because = "not run yet" },
}
]==],
  -- In front of timeout(1): a run in which the code has the word does not end in time.
  ["path/timeout"] = [[
#!/bin/sh
[ "$1 $2 $3" = "-k 5 7" ] || exit 99
! grep -q forever lua/half.lua || exit 124
shift 3
exec "$@"
]],
}

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

describe("make mutate", function()
  local folder

  -- What it prints in the small tree, and its exit code.
  local function mutate(environment)
    return child.shell(("cd %s && PATH=%s/path:$PATH LIMIT=7 TMPDIR=%s %s sh tools/mutate.sh")
      :format(folder, folder, folder, environment or ""))
  end

  local function has(said, text) assert.is_truthy(said:find(text, 1, true), said) end
  local function lacks(said, text) assert.is_nil(said:find(text, 1, true), said) end
  local function data() return io.open(folder .. "/spec/mutate/half.lua"):read("*a") end

  before_each(function()
    folder = child.shell("mktemp -d")
    child.shell(("mkdir -p %s/tools %s/lua %s/spec/mutate %s/path"):gsub("%%s", folder))
    child.shell(("cp tools/mutate.sh tools/mutate.lua tools/with.sh %s/tools"):format(folder))
    for name, text in pairs(FILES) do write(folder .. "/" .. name, text) end
    child.shell("chmod +x " .. folder .. "/path/timeout")
  end)

  after_each(function() child.shell("rm -rf -- " .. folder) end)

  it("tells what is seen on every Lua, and counts", function()
    local said, code = mutate("NUMBER=1")
    has(said, "seen      half 1  lua/half.lua: a third\n")
    has(said, "lua5.4: spec/half_spec.lua: halves\n")
    has(said, "luajit: spec/half_spec.lua: halves\n")
    has(said, "half               1 of   1  100 %\n")
    has(said, "mutate: 1 of 1 changes seen, 100 %")
    assert.equal(0, code, said)
  end)

  it("takes no spec's word that fails without a change", function()
    local said, code = mutate("NUMBER=2")
    has(said, "UNSOUND   spec/bad_spec.lua fails on lua5.4 without a change:")
    has(said, "UNSOUND   spec/bad_spec.lua fails on luajit without a change:")
    has(said, "survived  half 2")
    has(said, "lua5.4: spec/one_lua_spec.lua: looks on Lua 5.4\n          luajit: nothing\n")
    assert.equal(1, code, said)
  end)

  it("leaves the tree as it was, and takes each change back", function()
    local said = mutate()
    assert.equal(FILES["lua/half.lua"], io.open(folder .. "/lua/half.lua"):read("*a"))
    assert.equal(FILES["spec/mutate/half.lua"], data())
    assert.equal("Makefile lua path spec tools",
      (child.shell("cd " .. folder .. " && LC_ALL=C ls"):gsub("%s+", " ")))
    has(said, "NO BUILD  half 3")
    has(said, "seen      half 4  lua/half.lua: no end\n")
    has(said, "lua5.4: spec/half_spec.lua: no end\n")
    has(said, "mutate: 2 of 4 changes seen, 50 %")
  end)

  it("does not end well when a change that is recorded as seen survives", function()
    write(folder .. "/spec/half_spec.lua", 'it("is blind", function() end)\n')
    write(folder .. "/spec/bad_spec.lua", 'it("is blind, too", function() end)\n')
    local said, code = mutate("PICK=10 SEED=3")
    has(said, "PICK=10 SEED=3\n")
    has(said, "LOST      half 1  lua/half.lua: a third\n")
    lacks(said, "half 2")
    assert.equal(1, code, said)
  end)

  it("records what was seen", function()
    mutate("RECORD=1")
    local room = dofile(folder .. "/spec/mutate/half.lua")
    local said, code = child.shell(("cd %s && lua5.4 tools/mutate.lua check"):format(folder))
    assert.equal("mutate: 4 changes in 1 rooms, 0 breaches", said)
    assert.equal(0, code)
    assert.same({ true, false, false, true },
      { room[1].seen, room[2].seen, room[3].seen, room[4].seen })
    assert.same({ "spec/half_spec.lua", nil, nil, "spec/half_spec.lua" },
      { room[1].spec, room[2].spec, room[3].spec, room[4].spec })
    assert.equal("only Lua 5.4 sees it", room[2].because)
    assert.is_nil(room[4].because)
  end)

  it("refuses data that does not fit the code", function()
    local wrong = FILES["spec/mutate/half.lua"]
      :gsub('"n / 2"', '"return"')
      :gsub('"loud"', '"quiet"')
      :gsub('why = "no code"', 'whom = "no code"')
      :gsub('because = "not run yet" },\n}', '},\n}')
    write(folder .. "/spec/mutate/half.lua", wrong)
    local said, code = mutate()
    has(said, "spec/mutate/half.lua: change 1: its text stands 2 times in lua/half.lua\n")
    has(said, "change 2: it changes nothing\n")
    has(said, "change 3: why is no string\n")
    has(said, "change 3: unknown: whom\n")
    has(said, "change 4: `because` is for what is not seen\n")
    has(said, "5 breaches")
    assert.equal(1, code)
  end)
end)

describe("the changes of spec/mutate", function()
  it("fit the code", function()
    local said, code = child.shell("lua5.4 tools/mutate.lua check")
    assert.equal(0, code, said)
  end)
end)
