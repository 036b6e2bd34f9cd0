-- On 32-bit x86 a number in memory is not equal to the literal it was made of, unless it is exact:
-- `timeout = math.huge` was thrown at. The same arithmetic is available on x86-64, by name.

local child = require("child")

describe("regress: numbers on the x87", function()
  it("have no end where a range has none", function()
    local dir, status = child.shell("umask 077; mktemp -d ${TMPDIR:-/tmp}/ges-x87.XXXXXX")
    assert.equal(0, status, dir)
    local said, code = child.shell(("make -s LUA=%s OUT=%s CFLAGS='-O1 -mfpmath=387'")
      :format(child.lua, dir))
    if code ~= 0 and said:find("mfpmath", 1, true) then
      child.shell("rm -rf " .. dir)
      return pending("this machine's compiler has no x87") -- luacheck: ignore
    end
    assert.equal(0, code, said)
    local text = child.good(("package.cpath = %q .. package.cpath\n"):format(dir .. "/?.so;")
      .. child.prelude .. [[
      assert(package.searchpath == nil
        or package.searchpath("ges.core", package.cpath):find("x87", 1, true))
      local server = answering("success")
      say("huge", ges.job_status(options(server:url(), { timeout = math.huge })))
      say("whole", ges.job_status(options(server:url(), { timeout = 1e300 })))
      say("wait", ges.wait(options(server:url(), { timeout = math.huge })))
      for _, wrong in ipairs { -1, 0 / 0, -math.huge } do
        local ok, err = pcall(ges.job_status, options(server:url(), { timeout = wrong }))
        assert(not ok and err:find("must be a number of seconds, 0 or more", 1, true), err)
      end]])
    child.shell("rm -rf " .. dir)
    local seen = child.outcomes(text)
    for _, label in ipairs { "huge", "whole", "wait" } do
      assert.equal("success", seen[label].what, seen[label].err)
    end
  end)
end)
