-- SPDX-License-Identifier: MIT
-- seeds.lua FOLDER: writes the seed corpora of the fuzzers, one folder each. Few and short: what
-- the API page shows, the shapes of errors, and the odd values that have been trouble elsewhere.
-- Called by tools/fuzz.sh.

local folder = assert(arg[1], "seeds.lua FOLDER")
local END = "\255" -- ends a field
local job = "ff80808167f09aaa0167f19b35ec0305"

local page = [[{"job_id":"]] .. job .. [[","status":"success","job_type":"importGraph",
"job_name":"ImportGraph","related_graph":"movie","begin_time":"2019-11-06T02:33:14",
"end_time":"2019-11-06T02:34:10","job_detail":{"schema_path":[{"path":"b/s.xml",
"status":"success","cause":null}],"edgeset_path":[{"path":"b/e.csv","log":"b/l","status":
"partFailed","cause":"x","total_lines":100209,"failed_lines":1,"successful_lines":100208}],
"vertexset_path":[]},"job_progress":37.5}]]

local seeds = {
  job = {
    page, [[{"status":"running","fail_reason":null,"x":[1,null,{"y":1e2}],"job_progress":-0.0}]],
    [[{"status":"failed","fail_reason":"]] .. "\1\2\3\4\5" .. [["}]], '{"status":"\4"}',
    [=[{"status":"success","job_detail":{"edgeset_path":[null,7,{"total_lines":-1}],"a":[[[]]]}}]=],
    [[{"errorCode":"GES.8301","errorMessage":"no"}]], "[]", "null", "3", "", "\239\187\191{}",
    [[{"status":"x","n":1e400,"m":NaN,"h":0x10,"z":01}]], ('{"a":'):rep(40), ("["):rep(40),
    [[{"status":"x","s":"\u0000\ud83d\ude00\"\\\/","big":9223372036854775808}]],
    "\239\187\191" .. [[{"status":"failed","fail_reason":"\ud83d \udE00\ud83d\ud83d\ude00"}]],
    '<html>' .. "\1" .. "</html>", "&tilde" .. ("\0"):rep(5) .. ";&lt\0;",
  },
  error = {
    "\0\5\0" .. END .. [[{"error_code":"GES.8301","error_msg":"no such job ]] .. "\1" .. [["}]],
    "\1\6\0X-Request-Id: \1" .. END .. END .. [[{"errorCode":"GES.7004","errorMessage":"x"}]],
    "\0\6\0" .. END .. [[{"error":{"code":401,"message":"wrong","title":"Unauthorized"}}]],
    "\0\12\0Retry-After: 5" .. END .. "Date: Tue, 15 Nov 1994 08:12:31 GMT" .. END .. END ..
      [[{"error_code":"APIGW.0308","error_msg":"the policy\nuser \u0007"}]],
    "\0\3\0Location: https://u:p@other/\1" .. END .. END,
    "\0\14\0Content-Encoding: gzip" .. END .. END .. "\31\139",
    "\0\1\1X-Subject-Token: \1" .. END .. END .. "{}", "\1\0\1A: b" .. END .. END .. "\1\2\3\4\5",
    "\0\5\0" .. END .. [[{"errCode":"GES.0001","externalMessage":7}]],
    "\0\5\0" .. END .. [[{"x":{"code":"APIG.0101","message":"a"},"details":[1]}]],
    "\2\15\0" .. END .. "<html>p@5s</html>",
    "\0\0\2" .. END .. '{"job_count":2,"job_list":[' .. page .. ',{"status":"running"}]}',
    "\1\0\2" .. END .. '{"job_count":-1,"job_list":[{"status":"\1"},null]}',
    "\0\0\3" .. END .. '{"graph":{"id":"' .. job .. '","name":"movie\1","x":[null]}}',
  },
  url = {
    "\0https://ges.r.myhuaweicloud.com" .. END .. "p" .. END .. "g-1" .. END .. "j_.~",
    "\0http://127.0.0.1:8443/a/b/" .. END .. "..." .. END .. "%2e%2e" .. END .. "a?b#c",
    "\1[::1]:1" .. END .. "/v2/\1/\195\169 #?%/x" .. END .. "limit" .. END .. "1 &=" .. END ..
      "b" .. END .. END .. END .. END .. "X-A" .. END .. "b c",
    "\1h/p" .. END .. "/a//b/../c" .. END .. END .. "X-A" .. END .. "b\r\nX-B: c",
  },
  reply = {
    "Retry-After: 5.5" .. END .. "retry-after: Wed, 21 Oct 2099 07:28:00 GMT" .. END .. "-5",
    "Sunday, 06-Nov-94 08:49:37 GMT" .. END .. "Sun Nov  6 08:49:37 1994" .. END .. "1e9",
    "Date: Thu, 29 Feb 2024 23:59:60 GMT" .. END .. "99999999999999999999" .. END .. "\r\n",
    "Location: //u@h:1/x?y#z" .. END .. "Content-Encoding: IDENTITY" .. END .. "TraceId: q",
  },
  endpoint = {
    "https://ges.eu-west-101.myhuaweicloud.eu:443/a/b/", "http://localhost:65535", "127.0.0.1",
    "http://[::1]:8080", "[fe80::1]", "[::ffff:127.0.0.1]", "HTTP://127.8.9.255/", "127.1",
    "https://a..b/", "http://127.0.0.1.", "a_b-c.d:1//", "https://https://x", "2130706433",
    "LOCALHOST", "127.0.0.010", "[::1",
  },
  sign = {
    table.concat({ "GET", "ges.r.myhuaweicloud.com", "/v2/p", "", "20260102T030405Z", "AccessKey",
      "SecretKey", "limit", "1", "X-Project-Id", "p" }, END),
    table.concat({ "POST", "h:8443", "/", "{}", "20191115T033655Z", "AK", "SK", "b", "", "a_b", "c",
      "b", " x ", "X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD" }, END),
  },
}

-- Long ones of little variety: work that is not linear shows in them at once. They are run as they
-- are, for mutation is slow with them.
local long = { job = {}, error = {}, reply = {}, url = {}, endpoint = {} }

local function again(word)
  return word:rep(math.floor(16000 / #word))
end

for _, word in ipairs({ "M", "MI", "\\n", "\\u004d", "%4D", "&#77;", "a line of text\\n", " " }) do
  table.insert(long.job, ('{"status":"failed","fail_reason":"%s"}'):format(again(word)))
  table.insert(long.error, "\0\5\0" .. END
    .. ('{"error_code":"GES.0001","error_msg":"%s"}'):format(again(word)))
  table.insert(long.error, "\0\14\0" .. END .. again(word))
  table.insert(long.error, "\0\1\1X-Text: " .. again(word) .. END .. END .. "{}")
  table.insert(long.reply, "Retry-After: " .. again(word))
end
for _, member in ipairs({ '"a":1,"a":null,', '"a":[],', '"a":{},', '"job_detail":{},' }) do
  table.insert(long.job, '{"status":"x",' .. again(member) .. '"b":1}')
end
table.insert(long.job, '{"status":"x","a":[' .. again("[],") .. "1]}")
table.insert(long.url, "\1h/" .. again("a/") .. END .. again("/b c"))
table.insert(long.reply, again("Date: x" .. END))
table.insert(long.endpoint, again("a."))

for name, list in pairs(long) do seeds[name .. "-long"] = list end

for name, list in pairs(seeds) do
  local where = folder .. "/" .. name
  assert(os.execute("mkdir -p '" .. where .. "'"))
  for i, bytes in ipairs(list) do
    local file = assert(io.open(("%s/seed-%02d"):format(where, i), "wb"))
    -- a job's first byte chooses the secret
    assert(file:write(name == "job" and string.char(i % 3) or "", bytes))
    assert(file:close())
  end
end
