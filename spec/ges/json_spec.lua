-- ges.json: what it writes is the same every time and harmless everywhere; what it reads is JSON.

local json = require "ges.json"

local function same(expected, value, opts)
  assert.equal(expected, (assert(json.encode(value, opts))))
end

describe("ges.json.encode", function()
  it("sorts keys and writes whole numbers without a fraction", function()
    same('{"a":1,"b":[1,2.5,12],"c":true,"d":false}', { b = { 1, 2.5, 12.0 }, a = 1, c = true,
      d = false })
    same("[9007199254740991,-1000000000000000,0]", { 2 ^ 53 - 1, -1e15, -0.0 })
  end)

  it("writes a fraction in the fewest digits that read back the same", function()
    same("[0.1,1e+300,0.30000000000000004]", { 0.1, 1e300, 0.1 + 0.2 })
  end)

  it("keeps the whole range of integers where there are some", function()
    local most, least = rawget(math, "maxinteger"), rawget(math, "mininteger")
    if not most then return end
    same(("[%d,%d]"):format(most, least), { most, least })
  end)

  it("escapes quotes, backslashes and every control character", function()
    same('"\\"\\\\\\b\\f\\n\\r\\t"', '"\\\b\f\n\r\t')
    for byte = 0, 31 do
      local text = assert(json.encode(string.char(byte)))
      assert.is_nil(text:find("%c"), "byte " .. byte)
      assert.equal(string.char(byte), json.decode("[" .. text .. "]")[1])
    end
    same('"\\u007f"', "\127")
    same('"\\u009b2J"', "\194\1552J")
    same('"\\u2028\\u2029\\u202e"', "\226\128\168\226\128\169\226\128\174")
  end)

  it("escapes next to characters that are not ASCII, once", function()
    same('"找\\n\\"\\\\"', '找\n"\\')
  end)

  it("passes UTF-8 and replaces bytes that are none", function()
    same('"grün 图 😀"', "grün 图 😀")
    local bad = "\239\191\189"
    same('"' .. bad .. '"', "\255")
    same('"' .. bad:rep(2) .. '"', "\192\128") -- a NUL in two bytes
    same('"' .. bad:rep(3) .. '"', "\224\129\129") -- an A in three bytes
    same('"' .. bad:rep(4) .. '"', "\240\130\130\172") -- a euro sign in four
    same('"' .. bad:rep(3) .. '"', "\237\160\128") -- a surrogate
    same('"' .. bad:rep(4) .. '"', "\244\144\128\128") -- beyond U+10FFFF
    same('"' .. bad:rep(2) .. 'x"', "\226\130x") -- cut off
  end)

  it("writes lists as lists, also the empty ones it knows", function()
    same('{"edgeset_path":[],"other":{},"schema_path":[],"vertexset_path":[]}',
      { schema_path = {}, edgeset_path = {}, vertexset_path = {}, other = {} })
    same("[]", json.array {})
    same("[1]", json.array { 1 })
    same("{}", {})
  end)

  it("writes null", function()
    same("[null]", { json.null })
    same("null", nil)
  end)

  it("lays a tree out for people", function()
    same('{\n  "a": [\n    1,\n    {\n      "b": 2\n    }\n  ],\n  "c": {}\n}',
      { a = { 1, { b = 2 } }, c = {} }, { indent = 2 })
    same("[\n\t1\n]", { 1 }, { indent = "\t" })
  end)

  it("refuses what JSON has no word for", function()
    local cycle = {}
    cycle.again = cycle
    local deep = {}
    for _ = 1, 64 do deep = { deep } end
    local bad = {
      1 / 0, -1 / 0, 0 / 0, cycle, deep, print, coroutine.create(print),
      { 1, nil, 3 }, { 1, x = 2 }, { [1.5] = 1 }, { [true] = 1 },
    }
    for _, value in ipairs(bad) do
      local text, err = json.encode { value }
      assert.is_nil(text)
      assert.matches("^cannot write as JSON: ", err)
    end
  end)

  it("goes 64 deep", function()
    local deep = {}
    for _ = 1, 63 do deep = { deep } end
    assert.equal(("["):rep(63) .. "{}" .. ("]"):rep(63), json.encode(deep))
  end)
end)

describe("ges.json.encode, with a cjson that has marks of lists,", function()
  -- Debian's has none: a stand-in with the names and the use of OpenResty's.
  it("knows them", function()
    local said = require("child").good([[
      local real = require("cjson")
      local marks = { array_mt = {}, empty_array_mt = {}, empty_array = io.stdout }
      package.loaded.cjson = setmetatable({ new = function()
        return setmetatable(marks, { __index = real.new() })
      end }, { __index = real })
      local json = require("ges.json")
      print(json.encode({ a = setmetatable({}, marks.array_mt),
        b = setmetatable({}, marks.empty_array_mt), c = marks.empty_array, d = {},
        e = setmetatable({ 1 }, marks.array_mt) }))]])
    assert.equal('{"a":[],"b":[],"c":[],"d":{},"e":[1]}', said)
  end)
end)

describe("ges.json.decode", function()
  it("reads what encode wrote", function()
    local value = { a = { 1, 2.5, "x\0y" }, b = { c = true }, d = "图" }
    assert.same(value, json.decode(json.encode(value)))
  end)

  it("reads null as json.null, at the top too", function()
    assert.equal(json.null, json.decode("[null]")[1])
    assert.equal(json.null, json.decode("null"))
    assert.is_nil((json.decode("")))
  end)

  it("reads whole numbers as integers where there are some", function()
    assert.equal("12", tostring(json.decode("[12.0]")[1]))
    assert.equal(2.5, json.decode("[2.5]")[1])
  end)

  it("reads behind a byte order mark, and half of a pair of UTF-16 escapes", function()
    assert.equal(2, json.decode("\239\187\191[1,2]")[2])
    for text, want in pairs { ["bad \\ud83d"] = "bad \239\191\189", ["\\uDE00x"]
      = "\239\191\189x", ["\\ud83d\\ude00 \\ud83d"] = "\240\159\152\128 \239\191\189",
      ["\\ud83d\\ud83d\\ude00"] = "\239\191\189\240\159\152\128",
      ["\\\\ud83d\\ud83d"] = "\\ud83d\239\191\189" } do
      assert.equal(want, json.decode('["' .. text .. '"]')[1], text)
    end
  end)

  it("returns nil and one line for what is not JSON", function()
    for _, text in ipairs { "", "{", "[1,]", "nope", "[NaN]", "[1e400]", ("["):rep(100),
      ("["):rep(65) .. ("]"):rep(65) } do -- deeper than encode writes
      local value, err = json.decode(text)
      assert.is_nil(value)
      assert.matches("^not JSON: [^\n]+$", err)
    end
    assert.matches("must be a string", select(2, json.decode(12)))
  end)

  it("is not reached by the settings of others", function()
    local cjson = require "cjson"
    cjson.decode_invalid_numbers(true)
    local value = json.decode("[NaN]")
    assert.is_nil(value)
  end)
end)
