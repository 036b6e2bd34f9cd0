-- What two calls in a row may differ in: a row or more for each option, and for the parts of a
-- generic request, in values A and B of equal length where they are texts. Owns nothing: the
-- servers are those of the world it is given. Called by the specs named between_calls.
--
-- A case: a and b (options), with (options of both), own (those that each call says itself where
-- defaults say the others); `on` (a set of calls: only in these A and B are seen to differ), alike
-- (why they are not seen to differ at all), layer (the core takes none of it), group (B says what A
-- does in other options), hide (a server whose requests are not compared, since a client remembers
-- its answers).
-- For limits of time: within (seconds in which either ends; libcurl gives a silent peer up after
-- 10), calls (a set: those that it is tried with), count (requests are counted, not compared),
-- blind (they are neither).

local ges = require("ges")

local cases = {}

--- The options of all calls, but for the endpoint.
cases.options = {
  project_id = "project-a", graph_id = "graph-a", job_id = "job-a", token = "token-a-0123456789",
  timeout = 20, retries = 0, interval = 0.01,
}

--- The secret keys that sign.
cases.keys = { "secret-key-a", "secret-key-b", "sim-secret-key" }

local ANY = '{"status":"success","job_count":0,"job_list":[],"graph":{"id":"g","name":"movies"}}'
local RUNNING = '{"status":"running"}'
local THREE = '{"job_count":3,"job_list":[{"job_id":"1","status":"success"},'
  .. '{"job_id":"2","status":"success"},{"job_id":"3","status":"success"}]}'

--- Starts the servers that the cases ask.
function cases.serve(world)
  local wire = require("wire")
  world:reply("near", 200, ANY)
  world:reply("far", 200, ANY)
  world:reply("proxy-a", 200, ANY)
  world:reply("proxy-b", 200, ANY)
  world:reply("wall", 403, "no")
  world:reply("busy", 503, '{"error_code":"GES.7005","error_msg":"busy"}')
  world:reply("partly", 200, '{"status":"partiallyFailed"}')
  world:reply("odd", 200, '{"status":"beyond"}')
  world:reply("absent", 400, '{"error_code":"GES.8301","error_msg":"none"}')
  world:reply("three", 200, THREE)
  world:reply("iam", 200, '{"projects":[{"id":"project-b"}]}')
  world:serve("mute", { stall = true })
  world:serve("slow", "request", { sleep = 0.25 }, wire.reply(200, ANY), { again = true })
  world:serve("rude", { received = 2 }, { sleep = 0.25 }, { close = true })
  world:serve("twice", "request", wire.reply(200, RUNNING), "request", wire.reply(200, ANY),
    { again = true })
end

local function set(...)
  local names = {}
  for _, name in ipairs { ... } do names[name] = true end
  return names
end

-- The calls about jobs, and more.
local function about_jobs(...)
  return set("ges.job_status", "core.job_status", "ges.wait", "ges.watch", "ges.start",
    "ges.wait_all", "ges.wait_any", ...)
end

-- Rows by option; `at` gives a server's address.
local function of_place(rows, at, sim)
  local keys = { token = false, project_id = false, ak = "SIMACCESSKEY", sk = "sim-secret-key" }
  local function region(region_name, cloud)
    return { region = region_name, cloud = cloud }
  end
  local function behind(more)
    more.endpoint, more.proxy = false, at("wall")
    return more
  end
  rows.endpoint = { { a = { endpoint = at("near") }, b = { endpoint = at("far") } },
    { a = { endpoint = at("near") .. "/a" }, b = { endpoint = at("near") .. "/b" } } }
  rows.region = { { with = behind {}, a = region("cn-north-4"), b = region("cn-north-1") },
    { own = { language = "en-us" }, with = { proxy = at("wall") }, group = true, layer = true,
      a = { endpoint = at("near") }, b = { endpoint = false, region = "cn-north-4" } } }
  rows.cloud = { { with = behind {}, a = region("r-1", "a.example.org"),
    b = region("r-1", "b.example.org") } }
  rows.iam_endpoint = { { with = { token = false, project_id = false, project = "eu-west-101",
    ak = "SIMACCESSKEY", sk = "sim-secret-key" }, hide = "iam", on = about_jobs("ges.jobs"),
    a = { iam_endpoint = sim }, b = { iam_endpoint = at("iam") } } }
  keys.iam_endpoint = sim
  rows.project = { { with = keys, on = about_jobs("ges.jobs"), a = { project = "eu-west-101" },
    b = { project = "cn-north-4" } } }
end

local function of_ids(rows)
  local keys = { token = false, ak = "ACCESS-KEY-A", sk = "secret-key-a" }
  rows.project_id = { { with = keys, a = { project_id = "project-a" },
    b = { project_id = "project-b" } } }
  rows.graph_id = { { a = { graph_id = "graph-a" }, b = { graph_id = "graph-b" },
    on = about_jobs("ges.jobs") } }
  rows.job_id = { { a = { job_id = "job-a" }, b = { job_id = "job-b" }, on = about_jobs() } }
end

local function of_credentials(rows, world)
  local function keys(ak, sk, more)
    return { ak = "ACCESS-KEY-" .. ak, sk = "secret-key-" .. sk, security_token = more }
  end
  local function token(text)
    return { token = function()
      world:note("asked for", text)
      return text
    end }
  end
  local none = { token = false }
  local function provider(text)
    return { credentials = ges.credentials.token(text) }
  end
  rows.token = {
    { a = { token = "token-a-0123456789" }, b = { token = "token-b-0123456789" } },
    { a = token("token-a-0123456789"), b = token("token-b-0123456789"), layer = true },
    { with = none, a = { token = "token-a-0123456789" }, b = keys("A", "a"), group = true },
  }
  rows.ak = { { with = none, a = keys("A", "a"), b = keys("B", "a") } }
  rows.sk = { { with = none, a = keys("A", "a"), b = keys("A", "b") } }
  rows.security_token = {
    { with = none, a = keys("A", "a", "security-token-a"), b = keys("A", "a", "security-token-b") },
    { with = none, a = keys("A", "a", "security-token-a"), b = keys("A", "a"),
      group = true },
  }
  rows.credentials = { { with = none, a = provider("token-a-0123456789"),
    b = provider("token-b-0123456789") },
    { own = { language = "en-us" }, with = none, group = true, layer = true,
      a = { token = "token-a-0123456789" }, b = provider("token-b-0123456789") } }
end

-- An attempt with the short limit goes to a server that never answers, one with the long limit to
-- one that is slower than the short limit: either is noticed where the other's holds. libcurl gives
-- a silent peer up after ten seconds.
local function of_limits(rows, at)
  local function case(with, name, short, long)
    return { { with = with, a = { endpoint = short, [name] = 0.05 },
      b = { endpoint = long, [name] = 20 }, within = 9, blind = true,
      calls = set("ges.job_status", "ges.request", "ges.wait_all", "core.job_status") } }
  end
  local function over_tls(name) return (at(name):gsub("http", "https")) end
  rows.timeout = case({}, "timeout", at("mute"), at("slow"))
  rows.request_timeout = case({ timeout = 0 }, "request_timeout", at("mute"), at("slow"))
  rows.connect_timeout = case({ timeout = 0, request_timeout = 20, verify = false },
    "connect_timeout", over_tls("mute"), over_tls("rude"))
  rows.retries = { { with = { endpoint = at("busy") }, a = { retries = 0 }, b = { retries = 1 } } }
  rows.max_response_bytes = { { a = { max_response_bytes = 20 }, b = { max_response_bytes = 999 },
    with = { timeout = 0 } } }
end

local function of_transport(rows, at)
  local far = { endpoint = "http://ges.example", insecure_http = true }
  local here = { endpoint = at("near"):gsub("127.0.0.1", "localhost"), insecure_http = true,
    proxy = at("proxy-a") }
  rows.proxy = { { with = far, a = { proxy = at("proxy-a") }, b = { proxy = at("proxy-b") } },
    { with = here, a = { proxy = at("proxy-a") }, b = { proxy = "" } } }
  rows.no_proxy = { { with = here, a = { no_proxy = "localnost" }, b = { no_proxy = "localhost" } },
    { with = here, a = {}, b = { no_proxy = "localhost" } } }
  rows.insecure_http = { { with = { endpoint = "http://ges.example", proxy = at("proxy-a") },
    a = { insecure_http = true }, b = { insecure_http = false } } }
  rows.language = { { a = { language = "en-us" }, b = { language = "zh-cn" } },
    { a = { language = "en-us" }, b = {} } }
end

-- What is tried with certificates: in `files` are those that a server over TLS knows.
local function of_trust(rows, files)
  local good = { endpoint = files.good, timeout = 0 }
  local mutual = { endpoint = files.mutual, ca_file = files.root, timeout = 0 }
  local function with(base, more)
    for name, value in pairs(base) do more[name] = more[name] or value end
    return more
  end
  rows.ca_file = { { with = good, a = { ca_file = files.root }, b = { ca_file = files.stranger } } }
  rows.ca_path = { { with = good, a = { ca_path = files.folder }, b = { ca_path = files.empty } } }
  rows.client_cert = { { with = with(mutual, { client_key = files.user_key }),
    a = { client_cert = files.user }, b = { client_cert = files.other } } }
  rows.client_key = { { with = with(mutual, { client_cert = files.user }),
    a = { client_key = files.user_key }, b = { client_key = files.other_key } } }
  rows.verify = { { with = with(good, { ca_file = files.stranger }), a = { verify = false },
    b = { verify = true } } }
end

local function of_hosts(rows, world)
  local function noting(name, text)
    return { [name] = function() world:note(name, text) end }
  end
  rows.on_request = { { a = noting("on_request", "a"), b = noting("on_request", "b") } }
  rows.on_event = { { a = noting("on_event", "a"), b = noting("on_event", "b") } }
  rows.host = { { a = { host = "plain" }, b = { host = "ngx" } } }
  rows.thread_pool = { { a = { thread_pool = "pool-a" }, b = { thread_pool = "pool-b" },
    alike = "only nginx's host reads it" } }
  rows.yield = { { a = { yield = true }, b = { yield = false },
    alike = "only Neovim's host reads it" } }
end

local function of_waits(rows, at, world)
  local function delays(event)
    if event.delay then world:note("delay", ("%.3f"):format(event.delay)) end
  end
  local function schedule(text, delay)
    return { schedule = function()
      world:note("schedule", text)
      return delay
    end }
  end
  rows.interval = { { with = { endpoint = at("twice"), on_event = delays }, a = { interval = 0.01 },
    b = { interval = 0.02 } } }
  rows.schedule = { { with = { endpoint = at("twice"), on_event = delays, interval = false },
    a = schedule("a", 0.01), b = schedule("b", 0.02) } }
  rows.accept = { { with = { endpoint = at("partly") }, a = { accept = { "partial" } },
    b = { accept = { "failed" } } } }
  rows.on_unknown = { { with = { endpoint = at("odd") }, blind = true,
    a = { on_unknown = "error", timeout = 20 }, b = { on_unknown = "wait", timeout = 0.1 } } }
  rows.not_found_grace = { { with = { endpoint = at("absent") }, blind = true,
    a = { not_found_grace = 0, timeout = 20 }, b = { not_found_grace = 10, timeout = 0.1 } } }
  local other = { project_id = false, graph_id = false, job_id = false }
  rows.resume = { { with = other, a = { resume = "ges-wait-1:project-a:graph-a:job-a:1700000000" },
    b = { resume = "ges-wait-1:project-b:graph-b:job-b:1700000000" } } }
end

local function of_many(rows, world)
  local jobs = {}
  for i = 1, 4 do jobs[i] = { job_id = "job-" .. i } end
  rows.jobs = { { with = { job_id = false }, a = { jobs = { { job_id = "job-a" } } },
    b = { jobs = { { job_id = "job-b" } } } },
    { with = { job_id = false }, a = { jobs = { { job_id = "job-a" } } },
      b = { jobs = "running" } } }
  -- a second job is asked about before or after the first has answered
  local function note(event) world:note(event.type) end
  local function token()
    world:note("asked for a token")
    return "token-a-0123456789"
  end
  rows.max_in_flight = { { with = { jobs = { jobs[1], jobs[2] }, max_rate = 1e6, on_event = note,
    token = token }, a = { max_in_flight = 1 }, b = { max_in_flight = 2 }, hide = "near",
    calls = set("ges.wait_all") } }
  rows.max_rate = { { with = { jobs = jobs, max_in_flight = 1 }, count = true,
    calls = set("ges.wait_all"), a = { max_rate = 1e6, timeout = 20 },
    b = { max_rate = 0.001, timeout = 1 } } }
end

local function of_lists(rows, at)
  local all = { graph_id = false }
  rows.graph_name = { { with = all, a = { graph_name = "movies" }, b = { graph_name = "moving" } } }
  rows.status = { { with = all, a = { status = "running" }, b = { status = "success" } } }
  for _, name in ipairs { "start_time", "end_time" } do
    rows[name] = { { with = all, a = { [name] = "2024-01-31" }, b = { [name] = "2024-02-01" } },
      { with = all, a = { [name] = "2024-01-31" }, b = { [name] = 1700000000 } } }
  end
  rows.limit = { { with = { graph_id = false, endpoint = at("three") }, a = { limit = 1 },
    b = { limit = 2 } } }
end

-- The parts of a generic request. (A call of the core is one, if it has a path.)
local function of_requests(rows)
  local at = { path = "/v2/alternate" }
  local function post(more)
    more.path, more.method = at.path, more.method or "POST"
    return more
  end
  local function case(a, b) return { with = at, a = a, b = b } end
  rows.method = { case({ method = "GET" }, { method = "PUT" }), case({ method = "DELETE" }, {}),
    case({ method = "POST" }, {}), case({ method = "PATCH" }, { method = "POST" }),
    case({ method = "HEAD" }, {}), case({ method = "HEAD" }, { method = "POST" }) }
  rows.path = { { a = { path = "/v2/path-a" }, b = { path = "/v2/path-b" } },
    { a = { path = "/v2/path-a" }, b = { path = "/v2/path" } } }
  rows.query = { case({ query = { name = "value-a" } }, { query = { name = "value-b" } }),
    case({ query = { ["name-a"] = "value" } }, { query = { ["name-b"] = "value" } }),
    case({ query = { name = "value" } }, {}),
    case({ query = { name = { "1", "2" } } }, { query = { name = { "1", "3" } } }) }
  rows.body = { { a = post { body = "body-a" }, b = post { body = "body-b" } },
    { a = post { body = "body-a" }, b = post { body = "" } },
    { a = post { body = "body-a" }, b = at }, { a = post { body = "body-a" }, b = post {} },
    { a = post { body = "a\0a" }, b = post { body = "a\0b" } },
    { a = post { body = "body", method = "PUT" }, b = post { body = "body", method = "GET" } } }
  rows.headers = { case({ headers = { ["X-More"] = "value-a" } },
    { headers = { ["X-More"] = "value-b" } }),
    case({ headers = { ["X-Name-A"] = "value" } }, { headers = { ["X-Name-B"] = "value" } }),
    case({ headers = { ["X-More"] = "value" } }, {}),
    case({ headers = { ["X-More"] = "value" } }, { headers = { ["X-More"] = "" } }),
    case({ headers = { ["User-Agent"] = "agent" } }, {}),
    case({ headers = { Accept = "text/a" } }, { headers = { Accept = "text/b" } }),
    { a = post { headers = { ["Content-Type"] = "text/a" } },
      b = post { headers = { ["Content-Type"] = "text/b" } } },
    { a = post { headers = { ["Content-Type"] = "text/a" } }, b = at } }
end

--- The cases by option.
---@param world table with the servers of cases.serve
---@param sim string the address of a simulator, as IAM
---@param files? table of certificates; without, the options that need them have no cases
function cases.rows(world, sim, files)
  local rows = {}
  local function at(name) return world.servers[name]:url() end
  of_place(rows, at, sim)
  of_ids(rows)
  of_credentials(rows, world)
  of_limits(rows, at)
  of_transport(rows, at)
  if files then of_trust(rows, files) end
  of_hosts(rows, world)
  of_waits(rows, at, world)
  of_many(rows, world)
  of_lists(rows, at)
  of_requests(rows)
  return rows
end

return cases
