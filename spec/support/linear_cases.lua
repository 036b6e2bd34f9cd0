-- What must cost no more than its size: the inputs of spec/engine/linear_spec.lua, in groups. Each
-- case has a name and a function that does the work for a size. `measure` runs in a child process
-- with the module that counts (spec/support/work.lua) and prints a line per case.
--
-- A case may belong to a family: inputs of one size that differ only in their bytes. There the
-- first case is the ordinary one, and `most` is how many times its cost another may have.

local core = require("ges.core")
local json = require("ges.json")
local kit = require("core_kit")
local wire = require("wire")
local work = require("work")

local cases = {}

local SIZE = 24000                       -- bytes of a body, and twice as many
-- Times the cost of the ordinary case of a family; and where each single byte may begin a secret or
-- an escape, which no ordinary answer has. (What libcurl and the kernel do is not in these numbers:
-- in time, which bench/linear.lua measures, it is 2.5 there, too.)
local MOST, DENSE = 2.5, 4
local LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
local REST = "IIFbAYJKoZIhvcNAQcCoIIFXTCC/BVkCAQEx+DTALBgIghkgBZQ=="

local client

-- A text of about `n` bytes: `word` again and again, and whole.
local function fill(word, n)
  return word:rep(math.max(1, math.floor(n / #word)))
end

-- Lines of ordinary text with `mark` after each.
local function lines(mark, n)
  return fill("the vertex file has 12 columns, 11 were expected" .. mark, n)
end

-- An answer with as many files as `n` bytes hold, as the API page prints it.
local function ordinary(n, minified)
  local form = [[ {
      "path" : "ges-ui/auDatas/list_set_vertex_%d.csv",
      "log" : null,
      "cause" : null,
      "status" : "success",
      "total_lines" : 1000,
      "failed_lines" : -1
    }]]
  local files = {}
  for i = 1, math.ceil(n / #form) do
    files[i] = form:format(i)
  end
  local body = ('{\n  "job_id" : "%s",\n  "status" : "running",\n  "job_detail" : {\n'
    .. '    "vertexset_path" : [%s ]\n  },\n  "job_progress" : 50\n}'):format(kit.job,
    table.concat(files, ","))
  return minified and body:gsub("%s", "") or body
end

-- Asks for a job's status; the answer is `bytes`.
local function ask(bytes, extra)
  local server = kit.answering(bytes)
  local opts = kit.options(server, extra)
  return function() client:job_status(opts) end
end

-- Any other call: a path, and what else `extra` says; false takes an option away.
local function request(bytes, extra)
  local server = kit.answering(bytes)
  local opts = { endpoint = server:url(), token = kit.token, path = "/v2/p/graphs" }
  for name, value in pairs(extra or {}) do opts[name] = value or nil end
  return function()
    if not client:start(opts) then return end
    repeat client:step(1) until client:poll()
  end
end

local function job_with(text)
  return wire.reply(200, '{"status":"failed","fail_reason":"' .. text .. '"}')
end

local function error_with(text)
  return wire.reply(400, '{"error_code":"GES.0001","error_msg":"' .. text .. '"}')
end

-- Adds a case: prepare(n) -> a function, whose cost is taken by `count` (work.of).
local function add(group, name, prepare, family, most, count)
  group[#group + 1] = { name = name, prepare = prepare, family = family, most = most or MOST,
    count = count or work.of }
end

local groups = {}

groups["the first byte of a token"] = function(group)
  for byte = 0x21, 0x7E do
    local token = string.char(byte) .. REST
    for _, minified in ipairs { false, true } do
      local form = minified and "minified" or "indented"
      add(group, ("a token that begins with %s, %s"):format(token:sub(1, 1), form), function(n)
        return ask(wire.reply(200, ordinary(n, minified)), { token = token })
      end, form)
    end
  end
end

-- Where text of the service may stand.
local PLACES = {
  ["a job's fail_reason"] = function(text) return ask(job_with(text)) end,
  ["an error's message"] = function(text) return ask(error_with(text)) end,
  ["a page"] = function(text) return ask(wire.reply(502, "<p>" .. text)) end,
  ["a generic answer"] = function(text) return request(wire.reply(200, text)) end,
  ["a generic error"] = function(text) return request(error_with(text)) end,
}

groups["escapes"] = function(group)
  local marks = { " ", "\\n", "\\/", "\\u002F", "\\\\", "\\\"", "\\x2F", "%2F", "%252F", "%25252F",
    "%25", "%", "&#47;", "&#x2F;", "&amp;", "&", "+", "=", "\\u00", "&#", "%2" }
  for place, send in pairs(PLACES) do
    for _, mark in ipairs(marks) do
      add(group, ("%s after each line, in %s"):format(mark, place), function(n)
        return send(lines(mark, n))
      end, place)
    end
    for _, mark in ipairs(marks) do
      add(group, ("nothing but %s in %s"):format(mark, place), function(n)
        return send(fill(mark, n))
      end, place, DENSE)
    end
  end
end

groups["one byte, or two, again and again"] = function(group)
  local words = { "x", "M", "MI", "M ", "M\n", "%", "\\", "&", " ", "\n", '"', "{", "}", "[", "]",
    ",", ":", "0", "9", "-", "\0", "/", "+", "=", "<", "\127", "\255", "\239\187\191", "n", "t",
    "\\M", "%M", "%4D", "\\u004D", "&#77;", "%254D", "MII", "MIIFb", REST:sub(1, 11) .. "!" }
  for _, status in ipairs { 200, 400, 500 } do
    add(group, "an ordinary answer of status " .. status, function(n)
      return ask(wire.reply(status, ordinary(n)))
    end, "status " .. status)
  end
  add(group, "an ordinary generic answer", function(n)
    return request(wire.reply(200, ordinary(n)))
  end, "generic")
  for _, word in ipairs(words) do
    local shown = word:gsub("[%c\127-\255]", function(c) return ("\\%d"):format(c:byte()) end)
    for _, status in ipairs { 200, 400, 500 } do
      add(group, ("%s in a body of status %d"):format(shown, status), function(n)
        return ask(wire.reply(status, fill(word, n)))
      end, "status " .. status, DENSE)
    end
    add(group, ("%s in a generic answer"):format(shown), function(n)
      return request(wire.reply(200, fill(word, n)))
    end, "generic", DENSE)
  end
end

groups["a long token and a body like it"] = function(group)
  local tokens = { "M", "MI", "%", "\\", "a", "%2F", REST:sub(1, 20), REST:sub(1, 20) .. "!",
    LETTERS }
  for _, word in ipairs(tokens) do
    local bodies = { word, word .. word .. "-", word:rep(15) .. "-", word:sub(2) .. word:sub(1, 1),
      ("%" .. word), ("\\" .. word), word:sub(1, 1) .. "\\u0041" }
    for _, body in ipairs(bodies) do
      for _, status in ipairs { 200, 400 } do
        add(group, ("a token of %s, a body of %s, status %d"):format(word, body, status),
          function(n)
            return ask(wire.reply(status, fill(body, n)), { token = fill(word, n) })
          end)
      end
    end
  end
end

groups["access keys"] = function(group)
  local function sends(name, most, prepare)
    add(group, name .. ", a token", function(n) return prepare(n, {}) end, name)
    for i = 1, 24 do
      add(group, ("%s, secret key %d"):format(name, i), function(n)
        return prepare(n, { token = false, ak = "AKIDEXAMPLE", sk = ("sk%02d"):format(i) .. REST })
      end, name, most)
    end
    local long = fill(LETTERS, 6000)
    add(group, name .. ", a long token", function(n) return prepare(n, { token = long }) end,
      name .. ", long")
    add(group, name .. ", temporary keys", function(n)
      return prepare(n, { token = false, ak = "AKIDEXAMPLE", sk = "sk" .. REST,
        security_token = long })
    end, name .. ", long")
  end
  sends("an ordinary answer", MOST, function(n, keys)
    return ask(wire.reply(200, ordinary(n, true)), keys)
  end)
  sends("a page of digits", MOST, function(n, keys)
    return ask(wire.reply(500, fill("0123456789abcdef", n)), keys)
  end)
end

local function headers_of(line, n)
  local list = {}
  for i = 1, math.floor(n / #line) do list[i] = line end
  return list
end

groups["headers"] = function(group)
  local named = { "Retry-After", "Date", "Location", "X-Request-Id", "Content-Encoding", "TraceId",
    "X-Iam-Trace-Id", "X-Other", "Server" }
  local values = { "1", "x", "/", "@", "a@", "//a@", " ", "1 ", "%", "\\", "Mon, 01 ", "1.0", "M" }
  for _, name in ipairs(named) do
    for _, value in ipairs(values) do
      for _, generic in ipairs { false, true } do
        local what = ("of %s: %s%s"):format(name, value, generic and ", generic" or "")
        local send = generic and request or ask
        add(group, "a long line " .. what, function(n)
          return send(wire.reply(200, kit.running, { name .. ": " .. fill(value, n) .. "z" }))
        end)
        add(group, "many lines " .. what, function(n)
          return send(wire.reply(429, "{}", headers_of(name .. ": " .. value:rep(20), n)))
        end)
      end
    end
  end
  add(group, "answers of status 100", function(n)
    return ask(fill("HTTP/1.1 100 Continue\r\n\r\n", n) .. wire.reply(200, kit.running))
  end)
  add(group, "answers of status 103 with a line", function(n)
    return ask(fill("HTTP/1.1 103 Early\r\nRetry-After: 1\r\n\r\n", n)
      .. wire.reply(200, kit.running))
  end)
end

-- `{...}` with `n` bytes of members, made by form:format(i).
local function members(form, n, before)
  local list, size, i = {}, 0, 0
  while size < n do
    i = i + 1
    list[i] = form:gsub("#", tostring(i))
    size = size + #list[i] + 1
  end
  return (before or '{"status":"running",') .. table.concat(list, ",") .. "}"
end

-- Keys that fill a table of Lua but for one place, then as many that come and go.
local function come_and_go(n)
  local keys, list = 2, {}
  while keys * 40 < n do keys = keys * 2 end
  for i = 1, keys - 2 do
    list[i] = ('"k%d":1'):format(i)
    list[keys - 2 + i] = ('"x%d":1,"x%d":null'):format(i, i)
  end
  return '{"status":"running",' .. table.concat(list, ",") .. "}"
end

local NESTED = ("["):rep(20) .. ("]"):rep(20)

groups["JSON"] = function(group)
  local forms = { '"k#":#', '"k":1', '"k":null', '"k#":null', '"status":"a#"', '"job_id":null',
    '"k#":1,"k#":null', '"status":1', '"job_progress":"#"', '"k#":[]', '"k#":{}', '"k":[1,[2,[3]]]',
    '"k":[{},{},{}]', '"job_detail":{}', '"job_detail":{"schema_path":[{}]}', '"job_detail":[1]',
    '"job_detail":{"schema_path":[1,{},2]}', '"\\u006b#":1', '"k#":"a\\nb"', '"k#":1.5e#',
    '"k#":' .. ("1"):rep(390), '"k#":0.' .. ("1"):rep(390), '"k#":true', '"' .. ("k"):rep(200) ..
    '#":1', '"k":' .. NESTED, '"k":{"error_code":#,"x":{}}', '"k#":{"code":"#"}',
    '"error_code":"#"', '"k#":{"code":{},"message":[]}' }
  for _, form in ipairs(forms) do
    for _, status in ipairs { 200, 400 } do
      add(group, ("members %s, status %d"):format(form:sub(1, 60), status), function(n)
        return ask(wire.reply(status, members(form, n)))
      end)
    end
  end
  local texts = { ("1"):rep(19), "-1", "[]", "{}", '""', "null", "true", "1e9", '"a"', " 1", "[1]",
    '"\\ud800"', '"\\ud83d\\ude00"' }
  for _, text in ipairs(texts) do
    add(group, "an array of " .. text, function(n)
      return ask(wire.reply(200, '{"status":"a","k":[' .. fill(text .. ",", n) .. "1]}"))
    end)
    add(group, "a list of files " .. text, function(n)
      return ask(wire.reply(200, '{"status":"a","job_detail":{"schema_path":['
        .. fill(text .. ",", n) .. "{}]}}"))
    end)
  end
  for _, text in ipairs { "1", "1.", "0.1", "-1", "1e1", "\\n", "x", "[", '{"a":', "[{\"a\":" } do
    add(group, "a value of " .. text, function(n)
      return ask(wire.reply(200, '{"status":"a","k":' .. fill(text, n)))
    end)
  end
  add(group, "members beside a chain of objects", function(n)
    return ask(wire.reply(400, members('"k#":{"a":1}', n, '{"c":' .. ('{"c":'):rep(28) .. "1"
      .. ("}"):rep(28) .. ",")))
  end)
  add(group, "keys that come and go in a full object", function(n)
    return ask(wire.reply(200, come_and_go(n)))
  end)
end

groups["json.decode"] = function(group)
  for _, text in ipairs { "\\ud800", "\\udc00", "\\ud800\\udc00\\ud800", "\\\\ud800", "\\\\",
    "\\ud800\\\\\\\\" } do
    add(group, "a text of " .. text, function(n)
      local body = '"\\udc00' .. fill(text, n) .. '"'
      -- LuaJIT keeps a buffer for texts, which each collection halves.
      for _ = 1, 20 do collectgarbage() end
      return function() assert(json.decode(body)) end
    end)
  end
end

groups["core.redact"] = function(group)
  local secrets = { "MII" .. REST, "p%ss/w&rd", "abcdefghijklmnopqrstuvwxyz", "0123456789abcdef" }
  for _, word in ipairs { "x", "M", "p", "%", "\\", "&", "a", "0", "abcdefghijkl", "%41", "\\u0041",
    "&#65;", "MIIFb", "p%ss", "\n", "\\n", "the password is p@ss " } do
    add(group, "a text of " .. word:gsub("\n", "\\n"), function(n)
      local text = fill(word, n)
      return function() core.redact(text, secrets[1], secrets[2], secrets[3], secrets[4]) end
    end)
  end
  add(group, "a long secret", function(n)
    local text, secret = fill("xM", SIZE), fill("M", n)
    return function() core.redact(text, secret) end
  end)
end

-- Options of a request that is sent: name, and options(n).
local SENT = {
  { "a query of 64 values", function(n)
    local query = {}
    for i = 1, 64 do query["n" .. i] = fill("a/", n / 16 / 64) end
    return { query = query }
  end },
  { "a list of 64 values", function(n)
    local list = {}
    for i = 1, 64 do list[i] = fill("a", n / 8 / 64) .. i end
    return { query = { name = list } }
  end },
  { "16 headers", function(n)
    local headers = {}
    for i = 1, 16 do headers[fill("n", n / 100) .. i] = fill(LETTERS, n / 16) end
    return { headers = headers }
  end },
  { "a body", function(n) return { method = "POST", body = fill(LETTERS, 4 * n) } end },
  { "a path", function(n) return { path = "/" .. fill("a b/", n / 16) } end },
  { "a proxy's password", function(n)
    return { proxy = "http://user:" .. fill("p%41", n / 16) .. "@127.0.0.1:1" }
  end },
}

-- Options with text that is refused, or that nothing comes of.
local REFUSED = { "job_id", "graph_id", "project_id", "token", "proxy", "endpoint", "no_proxy",
  "ca_file", "client_cert", "language" }

groups["options"] = function(group)
  local OK = wire.reply(200, "{}")
  local keys = { token = false, ak = "AKIDEXAMPLE", sk = "sk" .. REST }
  for _, row in ipairs(SENT) do
    add(group, row[1], function(n) return request(OK, row[2](n)) end)
    add(group, row[1] .. ", signed", function(n)
      local extra = row[2](n)
      for key, value in pairs(keys) do extra[key] = value end
      return request(OK, extra)
    end)
  end
  for _, name in ipairs(REFUSED) do
    for _, byte in ipairs { "a", "/", "@", ":", ".", "%" } do
      add(group, ("%s of %s"):format(name, byte), function(n)
        local opts = kit.options("http://127.0.0.1:1", { [name] = fill(byte, n) .. "\1" })
        return function() pcall(client.job_status, client, opts) end
      end)
    end
  end
end

-- `{"job_count":1,"job_list":[...]}`, the only page, with `n` bytes of items, made by form.
local function items(form, n)
  return members(form, n, '{"job_count":1,"job_list":[{"status":"x"},'):sub(1, -2) .. "]}"
end

-- Asks for a page of jobs.
local function ask_list(bytes)
  local of_list = core.prepare("core.job_status", 1, kit.options(kit.answering(bytes)))
  of_list:ask("list")
  return function() client:job_status(of_list) end
end

groups["lists of jobs"] = function(group)
  local ges = require("ges")
  local forms = { '{"status":"a#"}', '{"status":"a"}', '{"status":""}', '{"status":"a","k#":#}',
    '{"job_id":"#","status":"a","job_detail":{"schema_path":[{"path":5}]}}', '{"status":1}',
    '{"status":"a","status":null,"status":"b"}', "{}", "[]", "null", "1", '"#"',
    '{"status":"a","job_detail":[]}', '{"status":"a","x":' .. NESTED .. "}",
    '{"status":"a","job_type":7,"job_name":[],"end_time":{}}' }
  for _, form in ipairs(forms) do
    for _, status in ipairs { 200, 400 } do
      add(group, ("items %s, status %d"):format(form:sub(1, 60), status), function(n)
        return ask_list(wire.reply(status, items(form, n)))
      end)
    end
  end
  add(group, "items with many and with few members", function(n)
    return ask_list(wire.reply(200, items('{"status":"a"},{"status":"b",' .. ('"k":1,'):rep(40)
      .. '"k":1}', n)))
  end)
  for what, count in pairs { ["instructions of Lua"] = work.in_lua, ["work in C"] = work.of } do
    for _, form in ipairs { '{"job_id":"#","status":"failed"}', '{"job_id":"x","status":"failed"}',
      '{"status":"w#","job_detail":{"schema_path":[{"status":"w#"}]},"end_time":"x"}' } do
      add(group, ("ges.jobs, items %s, %s"):format(form, what), function(n)
        local page = wire.reply(200, items(form, n))
        local opts = kit.options(kit.answering(page), { job_id = false, graph_id = false,
          limit = 1000000, retries = 0 })
        return function() assert(ges.jobs(opts)) end
      end, nil, nil, count)
    end
  end
end

-- The options of a wait for n/24 jobs; the last of them is `last`.
local function many(n, last)
  local server = kit.replying(200, '{"status":"success"}')
  local opts = kit.options(server, { job_id = false, jobs = {}, max_rate = 1e6, timeout = 60 })
  for i = 1, math.floor(n / 24) do opts.jobs[i] = { job_id = "job-" .. i } end
  opts.jobs[#opts.jobs + 1] = last
  return opts
end

groups["jobs of a wait"] = function(group)
  local ges = require("ges")
  local function waits(name, last, options)
    for _, call in ipairs { "wait_all", "wait_any" } do
      for what, count in pairs { ["instructions of Lua"] = work.in_lua, ["work in C"] = work.of } do
        add(group, ("%s of %s, %s"):format(call, name, what), function(n)
          local opts = many(n, last)
          for key, value in pairs(options or {}) do opts[key] = value end
          return function() pcall(ges[call], opts) end
        end, nil, nil, count)
      end
    end
  end
  waits("jobs of which the last is a mistake", { job_id = 1 })
  waits("jobs of which the last has a wrong name", { job_idd = "x" })
  waits("jobs that are over")
  waits("jobs that are over, with events", nil, { on_event = function() end })
end

--- The names of the groups, in order.
function cases.names()
  local names = {}
  for name in pairs(groups) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- For the child: takes the cost of each case of a group for a size and for twice as much.
function cases.measure(name)
  local group = {}
  groups[name](group)
  client = core.engine()
  client:job_status(kit.options("http://127.0.0.1:1"))   -- whatever is done only once
  for _, case in ipairs(group) do
    local costs = {}
    for i = 1, 2 do
      costs[i] = case.count(case.prepare(i * SIZE))
      kit.cleanup()
    end
    print(("%s\t%d\t%d\t%s\t%s"):format(case.name, costs[1], costs[2], case.family or "",
      case.most))
  end
end

return cases
