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
    assert.equal("a\\u{202E}b\\u{2028}c\\u{FEFF}",
      text.safe("a\226\128\174b\226\128\168c\239\187\191", true))
    assert.equal("图 ü", text.safe("图 ü", true))
    assert.equal("? ?", text.safe("图 ü", false))
    assert.equal("nil", text.safe(nil, true))
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
