-- From a decoded body to the job table: documented types or absence, warnings, integers, null.

local cjson = require("cjson")
local kit = require("core_kit")

-- The names a file of an import has, and those of a job, by type.
local FILE = { string = { "path", "log", "status", "cause" },
  count = { "total_lines", "failed_lines", "successful_lines" } }
local JOB = { "job_type", "job_name", "related_graph", "begin_time", "end_time", "fail_reason" }
local LISTS = { "schema_path", "edgeset_path", "vertexset_path" }

-- A job of the members given as JSON text: job, info.
local function job_of(members, extra)
  local body = '{"status":"running"' .. (members ~= "" and "," or "") .. members .. "}"
  local job, err, info = kit.ask(kit.replying(200, body), extra)
  kit.cleanup()
  assert.is_table(job, err)
  return job, info
end

local function file_of(members)
  local job, info = job_of('"job_detail":{"edgeset_path":[{' .. members .. "}]}")
  return job.job_detail.edgeset_path[1], info
end

local function refused(members)
  local body = '{"status":"running",' .. members .. "}"
  local err = kit.fails("protocol", kit.replying(200, body))
  kit.cleanup()
  return err
end

local function warned(info, ...)
  local paths = { ... }
  assert.same(#paths, #(info.warnings or {}))
  for i, path in ipairs(paths) do
    assert.is_truthy(info.warnings[i]:find(path, 1, true), info.warnings[i])
  end
end

describe("core: a job", function()
  after_each(kit.cleanup)

  it("needs a status, of any words", function()
    for _, status in ipairs { "pending", "partiallyFailed", "SUCCESS", "", "new word", "\195\164",
      "a\\n\\u0000" } do
      local job = kit.ask(kit.replying(200, ('{"status":"%s"}'):format(status)))
      assert.same(cjson.decode('["' .. status .. '"]')[1], job.status)
    end
  end)

  it("keeps its documented fields as they are", function()
    for _, name in ipairs(JOB) do
      local job, info = job_of(('"%s":"a b"'):format(name))
      assert.same({ status = "running", [name] = "a b" }, job)
      warned(info)
    end
  end)

  it("has no field that is null", function()
    for _, name in ipairs(JOB) do
      local job, info = job_of(('"%s":null'):format(name))
      assert.same({ status = "running" }, job)
      warned(info)
    end
    local job, info = job_of('"job_progress":null,"job_detail":null,"x":null')
    assert.same({ status = "running" }, job)
    warned(info)
  end)

  it("drops a documented field of another type, and says which", function()
    for _, name in ipairs(JOB) do
      for _, value in ipairs { "1", "1.5", "true", "false", "[]", "{}", '["a"]', '{"a":1}' } do
        local job, info = job_of(('"%s":%s'):format(name, value))
        assert.same({ status = "running" }, job)
        warned(info, name)
      end
    end
    for _, value in ipairs { '"5"', "true", "[1]", "{}" } do
      local job, info = job_of('"job_progress":' .. value)
      assert.is_nil(job.job_progress)
      warned(info, "job_progress")
    end
    for _, value in ipairs { '"x"', "1", "true", "[1]", "[{}]" } do
      local job, info = job_of('"job_detail":' .. value)
      assert.is_nil(job.job_detail)
      warned(info, "job_detail")
    end
    local job, info = job_of('"job_id":5')
    assert.is_nil(job.job_id)
    warned(info, "job_id")
  end)

  it("passes on what is not documented", function()
    local job,
      info = job_of('"x":1,"y":{"z":["a",true,{"status":5,"total_lines":"-1"}]},"":"","1":"one"')
    assert.same({ status = "running", x = 1, y = { z = { "a", true, { status = 5,
      total_lines = "-1" } } },
      [""] = "", ["1"] = "one" }, job)
    warned(info)
  end)

  it("keeps the place of a null in an undocumented array, and drops it from an object", function()
    local job = job_of('"x":[null,1,null,[null],{"a":null,"b":[null]}],"y":{"a":null}')
    assert.same({ false, 1, false, { false }, { b = { false } } }, job.x)
    assert.same({}, job.y)
  end)

  it("has bytes in its strings as they were sent", function()
    local job = job_of('"fail_reason":"\255\128 \\u00e4 \\ud83d\\ude39 \\u0000\\n\127"')
    assert.same("\255\128 \195\164 \240\159\152\185 \0\n\127", job.fail_reason)
  end)

  it("has one mark for half of a character, whatever follows it", function()
    local mark = "\239\191\189"
    for text, read in pairs { ["\\ud83d\\u0041"] = mark .. "A",
      ["\\ud83d\\ue000"] = mark .. "\238\128\128",
      ["\\ud83d\\udbff"] = mark .. mark, ["\\ud83dA"] = mark .. "A", ["\\ude39"] = mark,
      ["\\ud83d\\n"] = mark .. "\n" } do
      assert.same(read, job_of('"fail_reason":"' .. text .. '"').fail_reason)
    end
  end)

  it("takes the last of two of the same name", function()
    assert.same("b", job_of('"job_name":"a","job_name":"b"').job_name)
    assert.is_nil(job_of('"job_name":"a","job_name":null').job_name)
    assert.same("c", job_of('"job_name":"a","job_name":null,"job_name":"c"').job_name)
    assert.same({ b = 1 }, job_of('"x":{"a":1,"b":1,"a":null}').x)
  end)

  describe("that imports", function()
    it("has its three lists, whatever came of them", function()
      for _, detail in ipairs { "{}", '{"x":1}', '{"schema_path":null}', '{"schema_path":[]}',
        '{"schema_path":[],"edgeset_path":null}', "[]" } do
        local job = job_of('"job_detail":' .. detail)
        for _, list in ipairs(LISTS) do
          assert.same({}, job.job_detail[list], detail)
        end
      end
      for _, value in ipairs { '"x"', "1", "true", '{"a":1}' } do
        local job, info = job_of('"job_detail":{"edgeset_path":' .. value .. "}")
        assert.same({}, job.job_detail.edgeset_path)
        warned(info, "job_detail.edgeset_path")
      end
    end)

    it("has no list where there is no detail", function()
      assert.is_nil(job_of("").job_detail)
    end)

    it("has files with no holes between them", function()
      local files = '[null,{"path":"a"},5,{"path":"b"},"x",[1],null]'
      local job, info = job_of('"job_detail":{"schema_path":' .. files .. "}")
      assert.same({ { path = "a" }, { path = "b" } }, job.job_detail.schema_path)
      warned(info, "schema_path[3]", "schema_path[5]", "schema_path[6]")
    end)

    it("has files with documented types", function()
      for _, name in ipairs(FILE.string) do
        assert.same({ [name] = "x" }, (file_of(('"%s":"x"'):format(name))))
        assert.same({}, (file_of(('"%s":null'):format(name))))
        local file, info = file_of(('"%s":5'):format(name))
        assert.same({}, file)
        warned(info, "job_detail.edgeset_path[1]." .. name)
      end
      for _, name in ipairs(FILE.count) do
        local file, info = file_of(('"%s":12'):format(name))
        assert.same({ [name] = 12 }, file)
        assert.is_true(kit.is_integer(file[name]))
        assert.same("12", tostring(file[name]))
        warned(info)
        for _, value in ipairs { "-1", "-1.0", "null" } do
          file, info = file_of(('"%s":%s'):format(name, value))
          assert.same({}, file)
          warned(info)
        end
        for _, value in ipairs { "1.5", "-2", "-1.5", '"12"', "true", "[]", "{}", "-1e300" } do
          file, info = file_of(('"%s":%s'):format(name, value))
          assert.same({}, file, value)
          warned(info, "job_detail.edgeset_path[1]." .. name)
        end
      end
      assert.same({ x = { 1 }, y = "z" }, (file_of('"x":[1],"y":"z"')))
    end)

    it("names at most so many dropped fields", function()
      local files = ('{"path":1},'):rep(1000) .. '{"path":"last"}'
      local job, info = job_of('"job_detail":{"vertexset_path":[' .. files .. "]}")
      assert.same(1001, #job.job_detail.vertexset_path)
      assert.same("last", job.job_detail.vertexset_path[1001].path)
      assert.is_true(#info.warnings <= 20)
      for i, warning in ipairs(info.warnings) do
        assert.is_string(warning)
        if i < 10 then
          assert.is_truthy(warning:find(("vertexset_path[%d].path"):format(i), 1, true), warning)
        end
      end
    end)

    it("may have ten thousand files #timed", function()
      local files = {}
      local form = '{"path":"b/f%d.csv","log":null,"status":"success","cause":null,'
        .. '"total_lines":%d,"failed_lines":-1,"successful_lines":%d}'
      for i = 1, 10000 do
        files[i] = form:format(i, i, i)
      end
      local server = kit.replying(200, '{"status":"running","job_detail":{"edgeset_path":['
        .. table.concat(files, ",") .. "]}}")
      local client, job = kit.client(), nil
      local took = kit.cpu_seconds(function()
        job = client:job_status(kit.options(server))
      end)
      assert.same(10000, #job.job_detail.edgeset_path)
      for i = 1, 10000, 999 do
        assert.same({ path = ("b/f%d.csv"):format(i), status = "success", total_lines = i,
          successful_lines = i }, job.job_detail.edgeset_path[i])
      end
      assert.is_true(took < 2, took)
    end)
  end)

  describe("has numbers", function()
    it("that are integers where they are whole", function()
      for text, shown in pairs { ["0"] = "0", ["-0"] = "0", ["12.0"] = "12", ["1e3"] = "1000",
        ["-5"] = "-5", ["100.00"] = "100", ["2147483648"] = "2147483648" } do
        local job = job_of('"job_progress":' .. text .. ',"x":[{"y":' .. text .. "}]")
        for _, n in ipairs { job.job_progress, job.x[1].y } do
          assert.is_true(kit.is_integer(n))
          assert.same(tonumber(shown), n)
          if text ~= "-0" or math.type then -- luacheck: ignore
            assert.same(shown, tostring(n))
          end
        end
      end
    end)

    it("that are integers to both ends of what Lua has", function()
      if not math.type then -- luacheck: ignore
        return
      end
      for _, text in ipairs { "-9223372036854775808", "4611686018427387904",
        "-4611686018427387904" } do
        local n = job_of('"x":' .. text).x
        assert.same(text, tostring(n))
      end
    end)

    it("that keep a fraction, and may be too large to be whole", function()
      assert.same(37.5, job_of('"job_progress":37.5').job_progress)
      assert.same(1e300, job_of('"x":1e300').x)
      assert.same(2 ^ 63, job_of('"x":9223372036854775808').x)
      assert.same(-0.25, job_of('"x":-0.25').x)
      -- more than 64 bits hold: 2^64 + 1, ten times 2^64, and so on
      for _, text in ipairs { "18446744073709551617", "36893488147419103233",
        "184467440737095516160", "340282366920938463463374607431768211457" } do
        assert.same(tonumber(text .. ".0"), job_of('"x":' .. text).x)
        assert.same(-tonumber(text .. ".0"), job_of('"x":-' .. text).x)
      end
    end)

    it("that are finite, or there is no job", function()
      for _, value in ipairs { "1e400", "-1e400", "NaN", "nan", "Infinity", "-Infinity", "inf",
        ("9"):rep(400) } do
        for _, form in ipairs { '"job_progress":%s', '"x":%s', '"x":[[{"y":%s}]]',
          '"job_detail":{"schema_path":[{"total_lines":%s}]}', '"job_detail":{"x":%s}' } do
          refused(form:format(value))
        end
      end
    end)
  end)

  it("may be nested 32 levels deep, and no more", function()
    for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
      local function nested(n)
        return '"x":' .. pair[1]:rep(n - 1) .. (pair[1] == "[" and "[" or "{") .. pair[2]:rep(n)
      end
      assert.is_table(job_of(nested(31)).x)
      refused(nested(32))
      refused(nested(1000))
      refused(nested(100000))
    end
  end)

  describe("is read by a reader of its own", function()
    local body = '"x":[[[1]]],"y":[1,null],"z":1.5'
    local expected = { status = "running", x = { { { 1 } } }, y = { 1, false }, z = 1.5 }

    it("that no other code's settings reach", function()
      cjson.decode_max_depth(1)
      cjson.decode_invalid_numbers(true)
      local ok, job = pcall(job_of, body)
      local ok2, err = pcall(refused, '"x":NaN')
      cjson.decode_max_depth(1000)
      assert.is_true(ok, job)
      assert.same(expected, job)
      assert.is_true(ok2, err)
    end)

    it("whose settings reach no other code", function()
      assert.same(expected, (job_of(body)))
      assert.is_table(cjson.decode(("["):rep(900) .. ("]"):rep(900)))
      assert.same(1000, cjson.decode_max_depth())
      assert.is_true(cjson.decode_invalid_numbers())
      assert.same(cjson.null, cjson.decode("[null]")[1])
    end)

    it("that stays when a script replaces the other one", function()
      local decode = cjson.decode
      cjson.decode = function()
        error("not me")
      end
      local ok, job = pcall(job_of, body)
      cjson.decode = decode
      assert.is_true(ok, job)
      assert.same(expected, job)
    end)
  end)
end)
