-- Work is linear in what arrives and in what is asked, whatever the bytes are: twice the bytes
-- cost at most 2.5 times the work, and so do other bytes. Counted is work, not time: basic blocks
-- of our C, bytes its library looks at, memory that Lua asks for (spec/support/work.h). The inputs
-- are in spec/support/linear_cases.lua; each group of them runs in a process of its own.

local cases = require("linear_cases")
local work = require("work")

local DOUBLE = 2.5                        -- what twice the bytes may cost

describe("work:", function()
  local function check(printed)
    local ordinary, bad, n = {}, {}, 0
    for name, once, twice, family, most in
      printed:gmatch("([^\n]-)\t(%d+)\t(%d+)\t([^\t\n]*)\t([%d.]+)") do
      once, twice, n = tonumber(once), tonumber(twice), n + 1
      local first = family ~= "" and (ordinary[family] or { name = name, cost = twice })
      ordinary[family] = first
      if twice > DOUBLE * once then
        bad[#bad + 1] = ("%s: twice the bytes cost %.1f times the work (%d, %d)"):format(name,
          twice / once, once, twice)
      end
      if first and twice > tonumber(most) * first.cost then
        bad[#bad + 1] = ("%s: costs %.1f times as much as %s (%d, %d)"):format(name,
          twice / first.cost, first.name, twice, first.cost)
      end
    end
    return bad, n
  end

  for _, name in ipairs(cases.names()) do
    it(name, function()
      local bad, n = check(work.run(('require("linear_cases").measure(%q)'):format(name)))
      assert.is_true(n > 0)
      assert(#bad == 0, ("%d complaints about %d inputs:\n  %s"):format(#bad, n,
        table.concat(bad, "\n  ")))
    end)
  end
end)
