-- SPDX-License-Identifier: MIT
-- make dist and make release, in a copy of the tree that is a clone of its own.

local child = require("child")

-- It has nothing to do with the Lua that runs this.
if rawget(_G, "jit") then return end

describe("a release", function()
  for _, program in ipairs { "git", "zip", "unzip", "luacheck" } do
    if not child.has(program) then
      return pending("is not tried out here: there is no " .. program) -- luacheck: ignore
    end
  end

  local dir

  local function at(command)
    return child.shell(("cd %s/ges && "):format(dir) .. command)
  end

  -- Succeeds; what it said.
  local function good(command)
    local said, code = at(command)
    assert.equal(0, code, said)
    return said
  end

  -- With what is built, in the order it was built.
  setup(function()
    dir = child.shell("mktemp -d")
    local said, code = child.shell(([[
      mkdir -p %s/ges/build &&
      tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C %s/ges &&
      cp -a "${GES_BUILD:-build}/5.4" %s/ges/build && cd %s/ges && git init -q &&
      git config user.name ges && git config user.email ges@localhost &&
      git add -A && git commit -qm tree]]):format(dir, dir, dir, dir))
    assert.equal(0, code, said)
  end)
  teardown(function() child.shell("rm -rf " .. dir) end)
  after_each(function() good("git reset -q --hard && git clean -fdq") end)

  it("is refused by one line where it cannot be made", function()
    local function says(command, pattern)
      local said, code = at(command)
      assert.is_true(code ~= 0)
      assert.matches(pattern, said)
      assert.equal("", good("git diff --stat"))
    end
    says("make release", "^release: give the version as make release VERSION=1%.2%.3\n")
    says("make release VERSION=1.2", "^release: give the version as")
    says("make release VERSION='1.2.3;'", "release: give the version as")
    good("git tag v9.9.9")
    says("make release VERSION=9.9.9", "^release: there is a tag v9%.9%.9")
    at("echo >new")
    says("make release VERSION=9.9.8", "^release: the tree has changes that are not committed")
  end)

  it("has one version, in each place", function()
    local before = os.date("!%Y-%m-%d")
    local said = good("make release VERSION=7.8.9")
    assert.matches("4 files changed", said)
    local heading = good("grep -m1 '^## ' CHANGELOG.md")
    local day = heading:match("^## 7%.8%.9 %((%d+%-%d%d%-%d%d)%)$")
    assert.is_true(day == before or day == os.date("!%Y-%m-%d"), heading)
    assert.equal("7.8.9", good("make -s version"))
    assert.matches('"ges 7%.8%.9"', good("grep '^.TH' doc/man/ges.1"))
    assert.matches('"ges 7%.8%.9"', good("grep '^.TH' doc/man/ges.3"))
    assert.equal("ges 7.8.9", good("sh tools/with.sh 5.4 lua5.4 bin/ges --version"))
    assert.matches("^dist: the last commit is not of version 7%.8%.9: ", (at("make dist")))
    good("git commit -qam release")
    assert.matches("no heading '## N%.N%.N %(not released%)'", (at("make release VERSION=8.0.0")))
  end)

  it("consists of an archive, a rockspec and a source rock", function()
    local version = good("make -s version")
    local name = "ges-" .. version
    local address = "https://h.example/d/" .. name .. ".tar.gz"
    local said = good("make dist ARCHIVE_URL=" .. address)
    for _, file in ipairs { ".tar.gz", "-1.rockspec", "-1.src.rock" } do
      assert.is_truthy(said:find("build/dist/" .. name .. file, 1, true), said)
    end
    local spec = {}
    local text = good("cat build/dist/*.rockspec")
    local chunk = assert((loadstring or load)(text)) -- luacheck: ignore 143
    if setfenv then setfenv(chunk, spec) else debug.setupvalue(chunk, 1, spec) end
    chunk()
    assert.same({ version .. "-1", address, name }, { spec.version, spec.source.url,
      spec.source.dir })
    assert.equal(spec.source.md5, good("cat build/dist/*.tar.gz | md5sum"):match("^%x+"))
    assert.same({ "lua >= 5.1", "lua-cjson", "argparse" }, spec.dependencies)
    for _, field in ipairs { "homepage", "issues_url", "labels", "license", "summary" } do
      assert.is_truthy(spec.description[field], field)
    end
    local files = good("tar -tzf build/dist/*.tar.gz")
    assert.is_truthy(files:find(name .. "/src/engine/engine.c", 1, true))
    assert.equal(good("unzip -Z1 build/dist/*.src.rock | sort"),
      name .. "-1.rockspec\n" .. name .. ".tar.gz")
    local before = good("cat build/dist/*.tar.gz | md5sum")
    good("make dist ARCHIVE_URL=" .. address)
    assert.equal(before, good("cat build/dist/*.tar.gz | md5sum"))
    assert.matches("^dist: ARCHIVE_URL ends with " .. name:gsub("%p", "%%%0"),
      (at("make dist ARCHIVE_URL=https://h.example/x.zip")))
  end)
end)
