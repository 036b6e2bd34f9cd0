-- tools/house.lua on a small tree of its own: private words, what heads say of their callers, and
-- the map. The rules that need luacheck are in loops_spec.lua.

local child = require("child")

local LICENCE = "-- SPDX-License-Identifier: MIT\n"

local FILES = {
  ["words.md"] = "# Words\n\nA sign of life, once a minute.\nThe job is over.\n",
  ["words.lua"] = [==[
local ours = "one of ours"
-- The wait's end is over; the user's, too.
print("which job?", ours)
print('it \'was over', "a quote: '", ours[ours[1]])
--[[ the wait
is over ]]
print([[
  the wait
  is over]])
]==],
  ["words.sh"] = "# The job's end is over, isn't it?\necho 'the job is over'\n",
  ["spec/one_spec.lua"] = ('require("socket").SLEEP(1)\nsocket.SLEEP(1) -- a pause: for a reason\n'
    .. '-- a pause: for a reason\nngx.SLEEP(1)\nngx.SLEEP(1)\n'
    .. 'repeat socket.SLEEP(1) until over\nserve { sleep = 1 }\nvim.WAIT(20)\n'
    .. 'vim.wait(20, test)\nos.execute("SLEEP 0.5")\n'):gsub("%u+", string.lower),
  ["spec/support/kit.lua"] = ("socket.SLEEP(1)\n"):lower(),
  ["words.c"] = 'say("the job is over");  /* the job\'s is over */\n',
  ["lua/ges/init.lua"] = LICENCE .. '-- ges. Called by users.\nrequire("ges.one")\n',
  ["lua/ges/one.lua"] = LICENCE .. "-- one. Called by ges and ges.wait.waiter; nothing else.\n",
  ["lua/ges/two.lua"] = LICENCE
    .. "-- two. Called by ges.wait, ges.wait.resume and waiter, the command.\n",
  ["lua/ges/three.lua"] = LICENCE .. "-- three. Called by the files of ges.wait.\n",
  ["lua/ges/cli/init.lua"] = LICENCE .. '-- cli.\nrequire("ges.two")\n',
  ["lua/ges/wait/init.lua"] = LICENCE .. '-- wait.\nrequire("ges.two")\nrequire("ges.three")\n',
  ["lua/ges/wait/resume.lua"] = LICENCE
    .. '-- resume.\nrequire("ges.two")\nrequire("ges.three")\n',
  ["lua/ges/wait/two.lua"] = LICENCE .. '-- two.\nlocal ok = pcall(require, "ges.one")\n',
  ["lua/ges/wait/waiter.lua"] = LICENCE .. '-- waiter.\nrequire("ges.two")\n',
  ["doc/internals.md"] = [[
# Internals

## Map

```
lua/ges/     the library
  init one      the face; of waits
  two three     the rest
  cli/          init (with two of them)
  wait/         what waits: init (wait, two),
                resume, waiter, gone
```

## Words
]],
}

describe("tools/house.lua", function()
  local folder, said

  local function has(text)
    assert.is_truthy(said:find(text, 1, true), said .. "\nhas no '" .. text .. "'")
  end

  local function lacks(text)
    assert.is_nil(said:find(text, 1, true), said)
  end

  setup(function()
    folder = child.shell("mktemp -d")
    child.shell(("cd %s && mkdir -p doc lua/ges/cli lua/ges/wait spec/support"):format(folder))
    for name, text in pairs(FILES) do
      local file = assert(io.open(folder .. "/" .. name, "w"))
      file:write(text)
      file:close()
    end
    said = child.shell(("cd %s && lua5.4 \"$OLDPWD/tools/house.lua\" tree"):format(folder))
  end)

  teardown(function() child.shell("rm -rf -- " .. folder) end)

  it("refuses private words in papers", function()
    has("words.md:3: private words, which a stranger does not know: sign of life")
    has("words.md:4: private words, which a stranger does not know: is over")
  end)

  it("refuses them in the strings of code, not in its comments", function()
    has("words.lua:1: private words, which a stranger does not know:  ours")
    has("words.lua:3: private words, which a stranger does not know: which job?")
    has("words.lua:4: private words, which a stranger does not know: was over")
    has("words.lua:9: private words, which a stranger does not know: is over")
    has("words.sh:2: private words, which a stranger does not know: is over")
    has("words.c:1: private words, which a stranger does not know: is over")
    for _, line in ipairs({ 2, 5, 6, 8 }) do lacks(("words.lua:%d:"):format(line)) end
    lacks("words.sh:1:")
    assert.equal(1, select(2, said:gsub("words%.c:1: private", "")), said)
  end)

  it("wants a reason for each sleep of a spec that is not between two looks", function()
    for _, line in ipairs { 1, 5, 8, 10 } do
      has(("spec/one_spec.lua:%d: a sleep: wait for an event"):format(line))
    end
    assert.equal(4, select(2, said:gsub("a sleep: wait", "")), said)
  end)

  it("wants the head of a file to name those that call it, and no other", function()
    has("lua/ges/one.lua:1: it does not say that lua/ges/wait/two.lua calls it")
    lacks("one.lua:1: it does not say that lua/ges/init.lua")
    lacks("lua/ges/two.lua:1:")
    lacks("lua/ges/three.lua:1:")
  end)

  it("wants the map to have each file in its folder, and no other", function()
    has("its map does not have lua/ges/wait/two.lua")
    has("its map has lua/ges/wait/gone: no such file")
    assert.equal(1, select(2, said:gsub("its map does not have", "")), said)
    assert.equal(1, select(2, said:gsub("its map has", "")), said)
  end)
end)
