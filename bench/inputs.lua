-- SPDX-License-Identifier: MIT
-- bench/inputs.lua: answers of one size that differ in their bytes, for bench/linear.lua.
-- Owns what they are and their names: the driver writes them to files, and the client, on another
-- Lua, asks for those. In a group the first is the ordinary one.

local inputs = {}

inputs.SIZE = 500000                     -- bytes, and twice as many

local REST = "IIFbAYJKoZIhvcNAQcCoIIFXTCC/BVkCAQEx+DTALBgIghkgBZQ=="

-- A text of about `n` bytes: `word` again and again.
local function fill(word, n)
  return word:rep(math.floor(n / #word))
end

local function ordinary(n)
  local form = [[ {
      "path" : "ges-ui/auDatas/list_set_vertex_%d.csv",
      "log" : null,
      "cause" : null,
      "status" : "success",
      "total_lines" : 1000,
      "failed_lines" : -1
    }]]
  local files = {}
  for i = 1, math.floor(n / #form) do files[i] = form:format(i) end
  return '{\n  "status" : "running",\n  "job_detail" : {\n    "vertexset_path" : ['
    .. table.concat(files, ",") .. " ]\n  }\n}"
end

local function minified(n)
  return (ordinary(n):gsub("%s", ""))
end

local function lines(mark)
  return function(n)
    return fill("the vertex file has 12 columns, 11 were expected" .. mark, n)
  end
end

local function wrapped(form, text)
  return function(n) return form:format(text(n)) end
end

local JOB = '{"status":"failed","fail_reason":"%s"}'
local REFUSAL = '{"error_code":"GES.0001","error_msg":"%s"}'

local MARKS = { " ", "\\n", "\\/", "\\u002F", "\\\\", "\\x2F", "%2F", "%252F", "%25", "&#47;",
  "&amp;", "&", "+" }

local BYTES = { "x", "M", "M ", "MI", "%", "\\", "&", " ", "\n", '"', "{", "[", ",", "0", "/",
  "\\M", "%4D" }

--- All inputs, in groups: { title, { name, status, body(n), options } ... }.
function inputs.list()
  local groups = {}
  local function group(title)
    groups[#groups + 1] = { title = title }
    return function(name, status, body, options)
      local one = groups[#groups]
      local first = one[1] and one[1].body == body and one[1]
      one[#one + 1] = { name = name, status = status, body = body, file = first and 1 or #one + 1,
        options = options or { token = "M" .. REST } }
    end
  end
  for title, body in pairs({ indented = ordinary, minified = minified }) do
    local add = group("the first byte of a token, " .. title)
    for byte = 0x21, 0x7E do
      local first = string.char(byte)
      add(first, 200, body, { token = first .. REST })
    end
  end
  for title, form in pairs({ ["a job's reason"] = JOB, ["an error's message"] = REFUSAL }) do
    local add = group("escapes in " .. title)
    for _, mark in ipairs(MARKS) do
      add(mark, form == JOB and 200 or 400, wrapped(form, lines(mark)))
    end
  end
  for _, status in ipairs({ 200, 500 }) do
    local add = group("one byte again and again, status " .. status)
    add("an ordinary answer", status, ordinary)
    for _, word in ipairs(BYTES) do
      add(word, status, function(n) return fill(word, n) end)
    end
  end
  local add = group("access keys")
  add("a token", 200, ordinary)
  for i = 1, 16 do
    add("keys " .. i, 200, ordinary, { ak = "AKIDEXAMPLE", sk = ("sk%02d"):format(i) .. REST })
  end
  table.sort(groups, function(a, b) return a.title < b.title end)
  return groups
end

--- The name of the file of an answer, which inputs with the same one share. The server reads the
--- status from it.
function inputs.file(input, g, twice)
  return ("%d-%d-%d-%d"):format(input.status, g, input.file, twice)
end

return inputs
