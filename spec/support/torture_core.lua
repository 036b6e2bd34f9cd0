-- SPDX-License-Identifier: MIT
-- torture_core: the scenarios of ges.core for spec/support/torture.c. Each call is made once with
-- everything warm (handle, connection, metatables) and, where it matters, from nothing.

local kit = require("torture_kit")

local JOB = [[{"job_id":"]] .. kit.job .. [[","status":"running","job_type":"ImportGraph",
"job_name":"import","related_graph":"g","begin_time":"2019-01-03T11:05:31","end_time":null,
"job_progress":37.5,"extra":[1,null,{"a":"b"}],"fail_reason":5,"job_detail":{
"schema_path":[{"path":"s/schema.xml","status":"success","cause":null}],
"edgeset_path":[{"path":"s/e.csv","log":"s/log","status":"partFailed","cause":"unknown",
"total_lines":-1,"failed_lines":2,"successful_lines":5,"more":true}],"vertexset_path":null}}]]
local REFUSED = [[{"error_code":"GES.8301","error_msg":"No job with the token ]] .. kit.token
  .. [[ was found"}]]

local good_server = kit.answering(200, JOB)

local function is_job(value, err, info)
  return type(value) == "table" and err == nil and info.warnings ~= nil
    and value.status == "running" and value.fail_reason == nil
    and value.job_detail.edgeset_path[1].failed_lines == 2 and #value.job_detail.vertexset_path == 0
end

-- Not loaded in a new state that is going to load it while memory is short.
local function core() return require("ges.core") end

local good_options = kit.options(good_server)

-- By the function and by a engine's method, which have not seen the same half-done work.
local function good()
  kit.forget()
  local value, err, info = core().job_status(good_options)
  assert(is_job(value, err, info), err)
  local engine = core().engine()
  value, err, info = engine:job_status(good_options)
  assert(is_job(value, err, info), err)
  engine:close()
end

local list = {}

local function add(name, run, expect, settings)
  local scenario = { name = name, run = run, good = good }
  for key, value in pairs(settings or {}) do scenario[key] = value end
  scenario.verdict = kit.verdict(expect, scenario.pass == "libcurl")
  list[#list + 1] = scenario
end

-- One blocking call, by whose memory it is that runs out.
local function add_status(name, opts, expect, settings)
  add("job_status, " .. name, function() return core().job_status(opts) end, expect, settings)
end

local function of_server(status, body, extra, headers)
  return kit.options(kit.answering(status, body, headers), extra)
end

local large = of_server(200, JOB .. (" "):rep(70000))
local capped = of_server(200, JOB .. (" "):rep(70000), { max_response_bytes = 1000 },
  { "Connection: close" })
local refused = of_server(400, REFUSED, nil, { "X-Request-Id: 0123456789abcdef" })
local spoiled = of_server(200, JOB:sub(1, -20))
local keys = kit.options(good_server, { token = false, ak = "AKAKAKAKAK", sk = "SKSKSKSKSK",
  security_token = "STSTSTSTST" })

add_status("success", good_options, is_job)
add_status("success, signed with keys", keys, is_job)
add_status("an error body", refused, kit.fails("not_found"))
add_status("a large body", large, is_job)
add_status("a body that is too large", capped, kit.fails("too_large"))
add_status("a refused value", kit.options(good_server, { job_id = "../x" }), kit.fails("argument"))
add_status("JSON that breaks off", spoiled, kit.fails("protocol"))
add_status("success", good_options, is_job, { fresh = true })
add_status("success", good_options, is_job, { pass = "libcurl" })
add_status("success", good_options, is_job, { pass = "libcurl", fresh = true })
add_status("an error body", refused, kit.fails("not_found"), { pass = "libcurl" })
add_status("a body that is too large", capped, kit.fails("too_large"), { pass = "libcurl" })
add_status("success, signed with keys", keys, is_job, { pass = "libcrypto" })

-- What is polled without an info could not be built: that is thrown, as for the caller.
local function poll(engine)
  local id, value, err, info = engine:poll()
  if id and not info then error(err, 0) end
  return id, value, err, info
end

-- A engine of its own: start, step until something is finished, poll; then closed, or left to the
-- collector in the middle.
local function ask(engine, opts)
  local id, err, info = engine:start(opts)
  if not id then return nil, err, info end
  local stop = core().now() + 5
  repeat
    engine:step(0.05)
    local done, value, why, more = poll(engine)
    if done then return value, why, more end
  until core().now() > stop
  error("nothing was finished")
end

local function with_client(opts)
  return function()
    local engine = core().engine()
    local value, err, info = ask(engine, opts)
    engine:close()
    return value, err, info
  end
end

local plain = kit.options(good_server, { graph_id = false, job_id = false, method = "POST",
  path = "/v2/x/y z", query = { limit = 10, list = { 1, true, "b" } }, body = '{"a":1}',
  headers = { ["X-More"] = "more" } })

local function is_response(value)
  return type(value) == "table" and value.status == 200 and value.body == JOB
    and value.headers["content-type"] == "application/json"
end

add("engine: start, step, poll", with_client(good_options), is_job)
add("engine: a generic request", with_client(plain), is_response)
add("engine: an error body", with_client(refused), kit.fails("not_found"))
add("engine: start, step, poll", with_client(good_options), is_job, { pass = "libcurl" })
add("engine: a generic request", with_client(plain), is_response, { pass = "libcurl" })
add("engine: cancelled, and left behind", function()
  local engine = core().engine()
  local first, err, info = engine:start(good_options)
  if not first then return nil, err, info end
  engine:start(refused)
  engine:fd()
  engine:step(0)
  engine:cancel(first)
  return select(2, poll(engine))
end, kit.fails("cancelled"))

add("require", function()
  package.loaded["ges.core"] = nil
  return require("ges.core")
end, function(value) return type(value) == "table" and value.job_status ~= nil end)

-- Defaults, a call over them with a head of its own, a list of jobs, and other credentials.
add("prepare, bind, copy", function()
  local base, kept = core().prepare("ges.new", 2,
    { endpoint = "https://h", token = kit.token, project_id = kit.project, graph_id = kit.graph })
  local request, settings, more = core().prepare("ges.wait_all", 2,
    { jobs = { { job_id = kit.job }, { job_id = "b", graph_id = "g" } }, proxy = "http://u:p@h:1" },
    kept, base)
  if not request then return request, settings, more end
  local copy = request:copy()
  local ok, err, info = copy:bind { job_id = "c", token = "another-token-of-16-bytes" }
  if not ok then return ok, err, info end
  ok, err, info = copy:bind { ak = "AKAKAK", sk = "SKSKSKSK", endpoint = "https://i" }
  return ok and settings, err, info
end, function(value) return type(value) == "table" and value.jobs.n == 2 end)

local function sign()
  return core().sign { method = "POST", path = "/a b", host = "h.example",
    query = { limit = 10, list = { 1, true, "b" } }, body = "text", ak = "AKAKAK", sk = "SKSKSK",
    date = "20260102T030405Z", headers = { ["X-More"] = "more" } }
end

local function is_signed(value)
  return type(value) == "table" and value.Authorization:find("Signature=%x+$") ~= nil
end

add("sign", sign, is_signed)
add("sign", sign, is_signed, { pass = "libcrypto" })
add("redact", function()
  return core().redact(("x" .. kit.token .. "y\n"):rep(50), kit.token, "y\1")
end, function(value) return type(value) == "string" and not value:find(kit.token, 1, true) end)

return list
