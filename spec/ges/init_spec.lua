-- The public face: what is there, and the calls on the client that all of a Lua state share.

local ges = require("ges")
local lab = require("lab")

describe("ges", function()
  after_each(lab.cleanup)

  it("offers what the contract names", function()
    for _, name in ipairs { "new", "job_status", "wait", "watch", "start", "wait_all", "wait_any",
      "request", "outcome", "summary" } do
      assert.is_function(ges[name], name)
    end
    for _, name in ipairs { "token", "aksk", "password", "env", "profile", "chain" } do
      assert.is_function(ges.credentials[name], name)
    end
    assert.is_truthy(ges._VERSION:find("^%d+%.%d+"))
  end)

  it("says which version asks", function()
    local server = lab.replies { "success" }
    ges.job_status(lab.options(server))
    local agent = server:requests()[1]:match("\r\nUser%-Agent: ([^\r]*)")
    assert.equal("ges/" .. ges._VERSION, agent)
  end)

  it("asks over one pool of connections", function()
    local server = lab.replies { "success" }
    local opts = lab.options(server)
    for _ = 1, 3 do
      assert(ges.job_status(opts))
      assert(ges.wait(opts))
    end
    assert.equal(1, server:accepted())
  end)

  it("touches no global", function()
    local before = {}
    for name in pairs(_G) do before[name] = true end
    local saved = {}
    for name in pairs(package.loaded) do
      if name:find("^ges") and name ~= "ges.core" then
        saved[name], package.loaded[name] = package.loaded[name], nil
      end
    end
    local again = require("ges")
    again.job_status(lab.options(lab.replies { "success" }))
    for name, module in pairs(saved) do package.loaded[name] = module end
    assert.are_not.equal(ges, again)
    for name in pairs(_G) do assert.is_true(before[name], name) end
  end)

  it("loads with nothing but the standard library and the core", function()
    local abi = rawget(_G, "jit") and "5.1 luajit" or "5.4 lua5.4"
    local pipe = assert(io.popen("sh tools/with.sh " .. abi .. [[ -e '
      require "ges"
      local names = {}
      for name in pairs(package.loaded) do
        if name:find("^ges") == nil then names[#names + 1] = name end
      end
      table.sort(names)
      print(table.concat(names, " "))' 2>&1]]))
    local words = pipe:read("*a")
    pipe:close()
    for _, name in ipairs { "socket", "busted", "lfs", "luv", "ngx", "cqueues" } do
      assert.is_nil((" " .. words):find("[ ]" .. name .. "[ \n]"), words)
    end
    assert.is_truthy(words:find("string", 1, true), words)
  end)

  it("returns the outcome of a job, and its summary", function()
    assert.equal("partial", ges.outcome { status = "partiallyFailed" })
    assert.equal("pending", ges.summary({ status = "running" }).outcome)
  end)
end)
