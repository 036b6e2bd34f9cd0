-- tools/busted.sh: a spec file that hangs, that ends early or that dies is named with the test that
-- was under way, counts as an error, and the files after it are run.

local child = require("child")

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local abi = rawget(_G, "jit") and "5.1" or "5.4"

local SPECS = {
  a = [[
    describe("a", function()
      it("passes", function() end)
      it("is open", function() pending("for a reason") end)
      it("fails", function() assert.equal(1, 2, "as it should") end)
    end)]],
  b = [[
    describe("b", function()
      it("passes", function() end)
      describe("within", function()
        -- a pause: that has no end
        it("hangs", function() os.execute("exec flock '%s/held' sleep 1000") end)
      end)
    end)]],
  c = [[describe("c", function() it("exits", function() print("bye") os.exit(0) end) end)]],
  d = [[it("dies", function() io.popen("kill -SEGV $PPID"):read("*a") end)]],
  e = [[it("is not reached", function() end) error("while it is loaded")]],
  f = [[
    local function gc() os.exit(3) end
    local mark = newproxy and newproxy(true) or setmetatable({}, { __gc = gc })
    getmetatable(mark).__gc = gc
    package.loaded.kept = mark
    it("passes last", function() end)]],
  g = [[it("says 'two words'", function() end) it("says more", function() end)]],
}

describe("tools/busted.sh", function()
  local folder

  -- Each line of what it printed, for the files of `names`, and how it ended.
  local function run(names, before)
    local files = {}
    for name in names:gmatch("%S") do
      local path = ("%s/%s_spec.lua"):format(folder, name)
      local file = assert(io.open(path, "w"))
      file:write((SPECS[name]:gsub("%%s", folder)))
      file:close()
      files[#files + 1] = path
    end
    local text, code = child.shell(("SPEC_FILTER= SPEC_LIMIT=600; export SPEC_FILTER SPEC_LIMIT; "
      .. "%s sh tools/busted.sh %s %s %s"):format(before or "", abi, child.lua,
      table.concat(files, " ")))
    -- Indented: where this spec fails, its message is no count of its own.
    return "  " .. text:gsub(folder .. "/", ""):gsub("\n", "\n  "), code
  end

  local function says(text, ...)
    for _, words in ipairs { ... } do
      assert.is_truthy(text:find(words, 1, true), words .. "\n is not in\n" .. text)
    end
  end

  setup(function()
    folder = child.shell("mktemp -d")
  end)

  teardown(function()
    os.execute("rm -rf " .. quoted(folder))
  end)

  it("prints what one busted would", function()
    local text, code = run("ag")
    assert.equal(1, code)
    says(text, "a_spec.lua +.-", "g_spec.lua ++",
      "3 successes / 1 failures / 0 errors / 1 pending : ",
      "Pending -> a_spec.lua @ 3\n  a is open\n  a_spec.lua:3: for a reason",
      "Failure -> a_spec.lua @ 4\n  a fails\n  a_spec.lua:4: as it should")
    text, code = run("g")
    assert.equal(0, code)
    says(text, "2 successes / 0 failures / 0 errors / 0 pending : ")
  end)

  it("names what hangs, ends it with what it started, and goes on", function()
    -- Ten seconds, so that a busy machine comes as far as the test.
    local text, code = run("bg", "SPEC_LIMIT=10")
    assert.equal(1, code)
    says(text, "Error -> b_spec.lua @ 1\n  b within hangs\n  not over after 10 s, and ended",
      "2 successes / 0 failures / 1 errors / 0 pending : ")
    assert.equal(0, (select(2, child.shell("flock -w 10 " .. folder .. "/held true"))))
  end)

  it("names what ends early, and goes on", function()
    local text, code = run("cdeg")
    assert.equal(1, code)
    says(text, "Error -> c_spec.lua @ 1\n  c exits\n  ended with 0 before its tests were counted",
      "    bye\n",
      "Error -> d_spec.lua @ 1\n  dies\n  ended with ",
      "e_spec.lua:1: while it is loaded",
      "2 successes / 0 failures / 3 errors / 0 pending : ")
  end)

  it("counts an end that is not as busted counted", function()
    local text, code = run("f")
    assert.equal(1, code)
    says(text, "Error -> f_spec.lua @ 1\n  after: passes last\n  ended with ",
      "though no test failed", "1 successes / 0 failures / 1 errors / 0 pending : ")
  end)

  it("takes a filter with spaces and quotes", function()
    local text, code = run("g", "SPEC_FILTER=" .. quoted("says 'two words'"))
    assert.equal(0, code)
    says(text, "1 successes / 0 failures / 0 errors / 0 pending : ")
  end)

  it("says that there are no specs", function()
    local text, code = run("")
    assert.equal(2, code)
    says(text, "name a spec or a folder")
    text, code = child.shell(("sh tools/busted.sh %s %s doc"):format(abi, child.lua))
    assert.equal(2, code)
    says(text, "no specs in doc")
  end)
end)
