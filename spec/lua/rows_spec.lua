-- core.options(): the rows of the closed list, and that the calls hold to them.

local core = require("ges.core")

local VALUES = { string = "x", number = 1.5, integer = 1, boolean = true, ["function"] = print,
  table = {} }
local CALLS = { "ges.job_status", "ges.jobs", "ges.wait", "ges.watch", "ges.start", "ges.wait_all",
  "ges.wait_any", "ges.new", "ges.request", "core.job_status", "ctx.request" }

-- Options whose words may come from a user: others are refused by value.
local BY_VALUE = { language = "core.job_status", status = "ges.jobs" }

-- Why a call does not take this value; "" where it does, or for another reason.
local function complaint(call, name, value)
  local _, err = pcall(core.prepare, call, 1, { [name] = value })
  err = tostring(err)
  return (err:find("unknown option", 1, true) or err:find("'" .. name .. "' must be", 1, true))
    and err or ""
end

local function each(take)
  for _, row in ipairs(core.options()) do take(row) end
end

-- A call that takes the option; `ges.new`, which requires nothing else, where it does.
local function call_of(row)
  return row.calls["ges.new"] and "ges.new" or row.calls["ges.wait_all"] and "ges.wait_all"
    or row.calls["ges.wait"] and "ges.wait" or row.calls["ges.jobs"] and "ges.jobs"
    or "ges.request"
end

describe("core.options", function()
  it("has each option once, with a line of help", function()
    local known = {}
    each(function(row)
      assert.is_nil(known[row.name])
      known[row.name] = true
    end)
    each(function(row)
      assert.matches("^[%l_]+$", row.name)
      assert.matches("^[%w\"\\[][ -~]+[^.]$", row.help)
      assert.is_truthy(#row.help <= 72, row.name)
      for other in row.help:gmatch("`([^`]*)`") do assert.is_truthy(known[other], other) end
    end)
  end)

  it("is made anew for each caller", function()
    core.options()[1].name = "changed"
    assert.equal("endpoint", core.options()[1].name)
  end)

  it("has the defaults of core.defaults, inside their ranges", function()
    local defaults = {}
    each(function(row)
      defaults[row.name] = row.default
      assert.equal(row.least ~= nil, row.type:find("number") ~= nil or row.type == "integer")
      if type(row.default) == "number" then
        assert.is_true(row.least <= row.default and row.default <= row.most)
      end
    end)
    defaults.wait_timeout = core.defaults.wait_timeout
    assert.same(core.defaults, defaults)
  end)

  it("has the calls that take an option, and no others do", function()
    each(function(row)
      for _, call in ipairs(CALLS) do
        local good = row.type:find("^string") and row.words and row.words[1]
          or VALUES[row.type:match("^%l+")]
        assert.equal(row.calls[call] or false, complaint(call, row.name, good) == "",
          call .. " " .. row.name)
      end
    end)
  end)

  it("has the types that an option takes, and no others", function()
    each(function(row)
      for kind, value in pairs(VALUES) do
        local fits = ("|" .. row.type .. "|"):find("|" .. kind .. "|", 1, true)
          or kind == "integer" and row.type:find("number")
        local has_words = row.words and row.type:find("string") and kind == "string"
        if not has_words then
          assert.equal(fits ~= nil and fits ~= false,
            complaint(call_of(row), row.name, value) == "", row.name .. " " .. kind)
        end
      end
    end)
  end)

  it("has the ranges of numbers", function()
    each(function(row)
      if not row.least then return end
      local call = call_of(row)
      assert.equal("", complaint(call, row.name, row.least))
      assert.matches("must be", complaint(call, row.name, row.least - 0.0005))
      if row.most == math.huge then return end
      assert.equal("", complaint(call, row.name, row.most))
      assert.matches("must be", complaint(call, row.name, row.most + 1))
    end)
  end)

  it("says which numbers are seconds", function()
    local seconds = {}
    each(function(row) seconds[row.name] = row.seconds or nil end)
    assert.same({ timeout = true, request_timeout = true, connect_timeout = true, interval = true,
      not_found_grace = true }, seconds)
  end)

  it("has the words of a text or a list", function()
    each(function(row)
      if not row.words then return end
      local function wrap(word) return row.type == "table" and { word } or word end
      for _, word in ipairs(row.words) do
        assert.equal("", complaint(call_of(row), row.name, wrap(word)))
      end
      for _, word in ipairs { "or", "", row.words[1] .. ",", row.words[1]:sub(1, -2) } do
        if not BY_VALUE[row.name] then
          assert.matches("must be", complaint(call_of(row), row.name, wrap(word)), word)
        end
      end
    end)
  end)

  it("has a file for each host", function()
    local hosts = {}
    each(function(row) if row.name == "host" then hosts = row.words end end)
    for _, name in ipairs(hosts) do
      local file = assert(io.open("lua/ges/host/" .. name .. ".lua"))
      assert.matches('name = "' .. name .. '"', file:read("*a"))
      file:close()
    end
  end)

  it("refuses a word by value where it may come from a user", function()
    each(function(row)
      local call = BY_VALUE[row.name]
      if not call then return end
      local function prepare(word)
        local opts = { endpoint = "http://127.0.0.1", project_id = "p", graph_id = "g",
          token = "t", [row.name] = word }
        if call ~= "ges.jobs" then opts.job_id = "j" end
        return core.prepare(call, 1, opts)
      end
      for _, word in ipairs(row.words) do assert(prepare(word)) end
      local request, err, info = prepare("or")
      assert.is_nil(request)
      assert.equal("argument", info.kind)
      assert.is_truthy(err:find(row.name .. " must be " .. row.words[1], 1, true), err)
      assert.is_truthy(err:find(" or " .. row.words[#row.words], 1, true), err)
    end)
  end)
end)
