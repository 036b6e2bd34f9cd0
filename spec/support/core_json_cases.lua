-- JSON texts in the manner of JSONTestSuite: y must be accepted, n must be refused, i is up to the
-- reader. Each is a name and its bytes. Plain data, for spec/lua/json_spec.lua.

local cases = { y = {}, n = {}, i = {} }

local function add(group, list)
  for _, case in ipairs(list) do
    cases[group][#cases[group] + 1] = { name = case[1], bytes = case[2] }
  end
end

-- One case for each of the texts, under one name.
local function each(group, name, texts, form)
  for i, text in ipairs(texts) do
    add(group, { { name .. " " .. i, (form or "%s"):gsub("%%s", function() return text end) } })
  end
end

add("y", {
  { "empty array", "[]" },
  { "spaces in arrays", "[[]   ]" },
  { "empty string in array", '[""]' },
  { "array, newline after", '["a"]\n' },
  { "mixed array", '[null, 1, "1", {}]' },
  { "array with newline", "[1\n]" },
  { "array, space before", " [1]" },
  { "several null", "[1,null,null,null,2]" },
  { "array, space after", "[2] " },
  { "whitespace of all kinds", " \t\r\n[\t1\r,\n2 ] \t\r\n" },
  { "object", '{"asd":"sdf", "dfg":"fgh"}' },
  { "duplicated key", '{"a":"b","a":"c"}' },
  { "duplicated key and value", '{"a":"b","a":"b"}' },
  { "empty object", "{}" },
  { "empty key", '{"":0}' },
  { "escaped null in key", [[{"foo\u0000bar": 42}]] },
  { "extreme numbers", '{ "min": -1.0e+28, "max": 1.0e+28 }' },
  { "long strings", '{"x":[{"id": "' .. ("x"):rep(40) .. '"}], "id": "' .. ("x"):rep(40) .. '"}' },
  { "simple object", '{"a":[]}' },
  { "object in unicode", [[{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430"}]] },
  { "object with newlines", '{\n"a": "b"\n}' },
  { "control character escaped", [=[["\u0012"]]=] },
  { "allowed escapes", [=[["\"\\\/\b\f\n\r\t"]]=] },
  { "escaped backslash and u", [=[["\\u0000"]]=] },
  { "escaped double quote", [=[["\""]]=] },
  { "comments in a string", '["a/*b*/c/*d//e"]' },
  { "double escape a", [=[["\\a"]]=] },
  { "double escape n", [=[["\\n"]]=] },
  { "space in array", '[ "asd"]' },
  { "null escape", [=[["\u0000"]]=] },
  { "U+2028 and U+2029", '["\226\128\168\226\128\169"]' },
  { "delete", '["\127"]' },
  { "delete inside", '["a\127a"]' },
  { "pi", '["\207\128"]' },
  { "reserved character U+1BFFF", '["\240\155\191\191"]' },
  { "noncharacter U+10FFFF", '["\244\143\191\191"]' },
  { "noncharacter U+FFFF", '["\239\191\191"]' },
  { "utf8 of three and four bytes", '["\226\130\172\240\157\132\158"]' },
  { "unicode in the raw", '["\226\141\130\227\136\180\226\141\130"]' },
  { "a long string", '["' .. ("x"):rep(70000) .. '"]' },
  { "many elements", "[" .. ("1,"):rep(20000) .. "1]" },
  { "twenty-five levels", ("["):rep(25) .. ("]"):rep(25) },
})
each("y", "alone", { "false", "true", "null", "42", "-0.1", '"asd"', '""', '" "', "0" })
each("y", "in array", { "false", "true", "null", '"asd"', '" "', '"asd "' }, "[%s]")
each("y", "number", { "123e65", "0e+1", "0e1", " 4", "-0." .. ("0"):rep(77) .. "1", "20e1", "-0",
  "-123",
  "-1", "1E22", "1E-2", "1E+2", "123e45", "123.456e78", "1e-2", "1e+2", "123", "123.456789",
  "9007199254740993", "9223372036854775807", "-9223372036854775808", "0.0", "1.0", "-1.0" }, "[%s]")
each("y", "escape", { [[\u0060\u012a\u12AB]], [[\uD801\udc37]], [[\ud83d\ude39\ud83d\udc8d]],
  [[\uFFFF]],
  [[\uDBFF\uDFFF]], [[new\u00A0line]], [[\u002c]], [[\uD834\uDd1e]], [[\u0821]], [[\u0123]],
  [[\u0061\u30af\u30EA\u30b9]], [[new\u000Aline]], [[\uA66D]], [[\u005C]], [[\uDBFF\uDFFE]],
  [[\uD83F\uDFFE]], [[\u200B]], [[\u2064]], [[\uFDD0]], [[\uFFFE]], [[\u0022]] }, '["%s"]')

each("n", "array", { "[1 true]", "[a\229]", '["": 1]', '[""],', "[,1]", "[1,,2]", '["x",,]',
  '["x"]]', '["",]',
  '["x"', "[x", "[3[4]]", "[\255]", "[1:2]", "[,]", "[-]", "[   , \"\"]", "[\"a\",\n4\n,1,", "[1,]",
  "[1,,]",
  '["\11a"\\f]', "[*]", '[""', "[1,", "[1,\n1\n,1", "[{}", "[1", "[1}", "[1 2]", "[1;2]", "[[]",
  "[]]",
  "[null null]", "(1)", "[1,\n", "[\"a" })
each("n", "word", { "[fals]", "[nul]", "[tru]", "[True]", "[TRUE]", "[NULL]", "[none]",
  "[truefalse]",
  "[undefined]", "nulll", "[t]", "[n ull]" })
each("n", "number", { "++1234", "+1", "+Inf", "-01", "-1.0.", "-2.", "-NaN", ".-1", ".2e-3",
  "0.1.2", "0.3e+",
  "0.3e", "0.e1", "0_capital_E+", "0E+", "0E", "0e+", "0e", "1.0e+", "1.0e-", "1.0e", "1 000.0",
  "1eE2",
  "2.e+3", "2.e-3", "2.e3", "9.e+", "Inf", "NaN", "\239\188\145", "1+2", "0x1", "0x42", "Infinity",
  "0e+-1", "-123.123foo", "123\229", "1e1\229", "0\229", "-Infinity", "-foo", "- 1", "-012",
  "-.123",
  "-1x", "1ea", "1e1\229", "1.", ".123", "1.2a-3", "1.8011670033376514H-308", "012", "--1", "1.2.3",
  "0x",
  "0b1", "1_000", "1,", "nan", "inf", "-inf", "-nan", "infinity", "0x1p4", "1e", "00", "-", "+",
  ".",
  "0x1.8p3", "1e+ 2", "1e2.5", "NAN(1)", "-0x10" }, "[%s]")
each("n", "object", { '["x", truth]', "{[: \"x\"}\n", '{"x", null}', '{"x"::"b"}',
  '{\240\159\135\168\240\159\135\173}',
  '{"a":"a" 123}', "{key: 'value'}", '{"a" b}', '{:"b"}', '{"a" "b"}', '{"a":', '{"a"', "{1:1}",
  "{9999E9999:1}", "{null:null,null:null}", '{"id":0,,,,,}', "{'a':0}", '{"id":0,}',
  '{"a":"b"}/**/',
  '{"a":"b"}/**//', '{"a":"b"}//', '{"a":"b"}/', '{"a":"b",,"c":"d"}', "{a: \"b\"}", '{"a":"a',
  '{ "foo" : "bar", "a" }',
  '{"a":"b"}#', "{", '{"a":/*comment*/"b"}', '{"a": true} "x"', "{,", '{"a', "{'a'", '{"a":"b"}#{}',
  "{]", '{"a":1 "b":2}',
  '{"a";1}', '{"a"=1}' })
each("n", "escape", { [[\uD800\]], [[\uD800\u]], [[\uD800\u1]], [[\uD800\u1x]], "\\\0", [[\x00]],
  [[\\\]],
  "\\\9", "\\\240\159\140\128", [[\]], [[\u00A]], [[\uD834\uDd]], [[\uD800\uD800\x]], "\\u\229",
  [[\a]],
  [[\uqqqq]], "\\\229",
  [[\']], [[\UA66D]], [[\u]], [[\u00]], [[\v]], [[\0]], [[\8]], [[\N]] }, '["%s"]')
each("n", "raw control", { "a\0a", "new\nline", "\9", "\31", "\r" }, '["%s"]')
each("n", "string", { " ", "\195\169", "'single quote'", "abc", [["\]], [["]], [["""]], [["asd]],
  "`asd`",
  "new\nline", [["a" x]], [[\u000A""]] })
each("n", "structure", { "", "<.>", "[<null>]", "[1]x", "[1]]", '["asd]', "a\195\165", "[True]",
  "1]",
  '{"x": true,', "[][]", "]", "\239\187\191{}x", "\239\187\191", "[", "{\"\":", "2@", "{}}", '{"":',
  '{"a":/*c*/"b"}',
  '{"a": true} "x"', "['", "[,", ("["):rep(100000), '[{"":' .. ("[{\"\":"):rep(50000), "[\"a",
  "[\"a\"", "{,", "{[",
  "{\"a", "{'a'", "{\"a\":\"b\"}#{}", '["\\{["\\{["\\{["\\{', "\229", "*", '{"a":"b"}#{',
  "[\\u000A\"\"]", "[1",
  "[ false, nul", "[ true, fals", "[ false, tru", "{\"asd\":\"asd\"", "\195\165", "[\226\129\160]",
  "\239\187\191[]", "[\12]", "[\0]", "\0", "[1]\0", "\"a\" \"b\"", "\31\139\8\0", "%PDF-1.4",
  "---\na: 1",
  "\254\255\0[\0]", "\255\254[\0]\0", "[\0]\0", "\0[\0]" })

each("i", "number", { "0.4e00669999999999999999999999999999999999999999999999999999999999999999999",
  "-1e+9999",
  "1.5e+9999", "-123123e100000", "123123e100000", "123e-10000000",
  "-123123123123123123123123123123",
  "100000000000000000000", "-237462374673276894279832749832423479823246327846", "1e400", "-1e400",
  "1e309", "9223372036854775808", "-9223372036854775809", ("9"):rep(400), "0." .. ("0"):rep(400)
  .. "1" }, "[%s]")
each("i", "string", { [[\uDADA]], [[\uD888\u1234]], "\249\150", [[\uD800\n]], [[\uDd1ea]],
  [[\uD800\uD800]],
  [[\ud800]], [[\ud800abc]], "\255", [[\uDd1e\uD834]], "\195", [[\uDFAA]], "\129",
  "\244\191\191\191",
  "\192\175", "\252\131\191\191\191\191", "\237\160\128", "\224\128\128", "\200\171" }, '["%s"]')
add("i", {
  { "key with a lone surrogate", [[{"\uDFAA":0}]] },
  { "500 levels", ("["):rep(500) .. ("]"):rep(500) },
  { "31 levels", ("["):rep(31) .. ("]"):rep(31) },
  { "33 objects", ('{"a":'):rep(33) .. "1" .. ("}"):rep(33) },
})

return cases
