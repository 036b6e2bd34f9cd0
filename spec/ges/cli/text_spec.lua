-- ges.cli.text and yaml: what is shown is harmless, of a known width, and read back as it was.

local json = require "ges.json"
local text = require "ges.cli.text"
local yaml = require "ges.cli.yaml"

describe("ges.cli.text", function()
  it("shows what could act on a terminal instead of sending it", function()
    assert.equal("plain", text.safe("plain", true))
    assert.equal("\\x1B[2J\\x07\\x0A\\x00\\x7F", text.safe("\27[2J\7\n\0\127", true))
    assert.equal("\\u{009B}2J", text.safe("\194\1552J", true))
    assert.equal("\\xFF\\xC0\\x80", text.safe("\255\192\128", true))
    assert.equal("\\xE0\\x80\\x9B", text.safe("\224\128\155", true)) -- ESC in three bytes
    assert.equal("a\\u{202E}b\\u{2028}c\\u{FEFF}",
      text.safe("a\226\128\174b\226\128\168c\239\187\191", true))
    assert.equal("图 ü", text.safe("图 ü", true))
    assert.equal("? ?", text.safe("图 ü", false))
    assert.equal("nil", text.safe(nil, true))
  end)

  -- The character of a code point as UTF-8.
  local function utf8_of(code)
    local tail, least, lead = "", 0x40, 0x80
    while code >= least do
      tail = string.char(0x80 + code % 64) .. tail
      code, lead, least = math.floor(code / 64), lead / 2 + 0x80, least / 2
    end
    return string.char(lead + code) .. tail
  end

  -- Everything in Unicode that turns the direction of text or cannot be seen.
  local UNSEEN = {
    0x80, 0x85, 0x9F, 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x180E, 0x200B, 0x200C, 0x200D,
    0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2060, 0x2061, 0x2064,
    0x2065, 0x2066, 0x2067, 0x2068, 0x2069, 0x206A, 0x206F, 0x3164, 0xFEFF, 0xFFA0, 0xFFF0, 0xFFF9,
    0xFFFA, 0xFFFB, 0x1BCA0, 0x1D173, 0xE0001, 0xE0020, 0xE0061, 0xE007F, 0xE0FFF,
  }

  it("shows characters that turn the direction of text or cannot be seen", function()
    for _, code in ipairs(UNSEEN) do
      local value, name = "a" .. utf8_of(code) .. "b", ("U+%04X"):format(code)
      assert.equal(("a\\u{%04X}b"):format(code), text.safe(value, true), name)
      assert.is_nil(json.encode(value):find("[\128-\255]"), name)
      assert.equal(value, json.decode(json.encode(value)), name)
      assert.is_nil(yaml.encode({ k = value }):find("[\128-\255]"), name)
    end
    assert.equal('k: "\\U000E0001 \\\\udb40\\\\udc01"\n',
      yaml.encode { k = utf8_of(0xE0001) .. " \\udb40\\udc01" })
  end)

  it("leaves the text of every script as it is, joiners and selectors too", function()
    for _, value in ipairs { "می\226\128\140خواهم", "क्\226\128\141ष", "👩\226\128\141👧",
      "❤️\226\128\141🔥", "葛\243\160\132\128", "שלום", "مرحبا", "ᠮᠣᠩᠭᠣᠯ", "e\204\129",
      "한글", "ภาษาไทย", "Ω й ß", "\226\128\175", "\239\191\189" } do
      assert.equal(value, text.safe(value, true))
      assert.equal('"' .. value .. '"', json.encode(value))
    end
  end)

  it("shows joiners where there is nothing to join", function()
    assert.equal("\\u{200D}", text.safe("\226\128\141", true))
    assert.equal("ü\\u{200C}", text.safe("ü\226\128\140", true))
    assert.equal("图\226\128\141\\u{200D}", text.safe("图\226\128\141\226\128\141", true))
  end)

  it("leaves nothing but printable characters, whatever comes", function()
    for byte = 0, 255 do
      local shown = text.safe("a" .. string.char(byte) .. "b", false)
      assert.is_nil(shown:find("[^\32-\126]"), "byte " .. byte)
    end
  end)

  it("counts columns", function()
    assert.equal(3, text.width("abc"))
    assert.equal(4, text.width("图图"))
    assert.equal(1, text.width("e\204\129")) -- e and a combining accent
    assert.equal(2, text.width("😀"))
  end)

  it("gives two columns to what a terminal shows as emoji, and one to its neighbours", function()
    for _, code in ipairs { 0x231A, 0x231B, 0x23E9, 0x23EC, 0x23F0, 0x23F3, 0x25FD, 0x2614, 0x2653,
      0x267F, 0x2693, 0x26A1, 0x26AB, 0x26BE, 0x26C5, 0x26CE, 0x26D4, 0x26EA, 0x26F3, 0x26F5,
      0x26FA, 0x26FD, 0x2705, 0x270B, 0x2728, 0x274C, 0x274E, 0x2755, 0x2757, 0x2797, 0x27B0,
      0x27BF, 0x2B1C, 0x2B50, 0x2B55, 0x1F004, 0x1F7E9, 0x1FAE0 } do
      assert.equal(2, text.width(utf8_of(code)), ("U+%04X"):format(code))
    end
    for _, code in ipairs { 0x2319, 0x231C, 0x23ED, 0x25FC, 0x2654, 0x2704, 0x2713, 0x2764, 0x2B51,
      0x2026, 0x280B, 0x1F5, 0x1F000 } do
      assert.equal(1, text.width(utf8_of(code)), ("U+%04X"):format(code))
    end
  end)

  it("cuts at a width, never within a character", function()
    assert.equal("abc", text.cut("abc", 3, "..."))
    assert.equal("a...", text.cut("abcde", 4, "..."))
    assert.equal("ab…", text.cut("abcde", 3, "…"))
    assert.equal("图…", text.cut("图图图", 4, "…"))
    assert.equal("a", text.cut("abcde", 1, "..."))
    assert.equal("", text.cut("图图", 1, "…"))
    for most = 1, 12 do
      assert.truthy(text.width(text.cut("a图b😀c图d", most, "…")) <= most)
    end
  end)

  it("says durations shortly", function()
    local expected = { [0] = "0s", [0.34] = "0.3s", [5] = "5s", [9.97] = "10s", [59.4] = "59s",
      [60] = "1m00s", [92] = "1m32s", [3599.6] = "1h00m", [3700] = "1h01m", [90000] = "25h00m" }
    for seconds, said in pairs(expected) do assert.equal(said, text.duration(seconds)) end
  end)

  it("quotes words for the shell", function()
    assert.equal("https://h:1/p", text.shell("https://h:1/p"))
    assert.equal("'a b'", text.shell("a b"))
    assert.equal("'it'\\''s'", text.shell("it's"))
    assert.equal("'$(rm)'", text.shell("$(rm)"))
    assert.equal("''", text.shell(""))
    assert.equal("'~x'", text.shell("~x"))
  end)
end)

describe("ges.cli.yaml", function()
  it("quotes what would be read back as something else", function()
    for _, word in ipairs { "no", "Yes", "on", "off", "y", "n", "true", "null", "~", "1e3", "12",
      "0x1f", "1_000", ".inf", "2018-11-27T21:39:00", "", " a", "a b", "a: b", "- a", "#a", "&a",
      "*a", "!a", "{", "[", "|", ">", "%a", "@a", "`a", "'a'", '"a"', "a\nb", "=", "?" } do
      assert.equal("k: " .. json.encode(word) .. "\n", yaml.encode { k = word })
    end
    for _, word in ipairs { "success", "ff8080", "b/e.csv", "GES.8301", "partFailed", "a-b" } do
      assert.equal("k: " .. word .. "\n", yaml.encode { k = word })
    end
  end)

  it("quotes keys, too", function()
    assert.equal('"no": 1\n"x y": 2\n', yaml.encode { no = 1, ["x y"] = 2 })
  end)

  it("nests maps and lists", function()
    assert.equal(table.concat({
      "a:", "  - b: 1", "    c:", "      - 1", "      - x", "  - d: {}", "e: []", "f: true",
      "schema_path: []", "",
    }, "\n"), yaml.encode {
      a = { { b = 1, c = { 1, "x" } }, { d = {} } }, e = json.array {}, f = true, schema_path = {},
    })
    assert.equal("- a: 1\n  b: 2\n- c: 3\n", yaml.encode { { a = 1, b = 2 }, { c = 3 } })
    assert.equal("- - 1\n  - 2\n- 3\n", yaml.encode { { 1, 2 }, 3 })
    assert.equal("k: null\n", yaml.encode { k = json.null })
  end)
end)
