-- What is refused sends nothing: every option, with values that no call may take, in a call, among
-- a client's defaults and in an entry of `jobs`, is a mistake that is thrown or a failure of kind
-- `argument`, and no connection was opened. All ways out of here lead to the server that counts.

local alternate = require("alternate")
local cases = require("alternate_cases")
local core = require("ges.core")
local lab = require("lab")

-- Texts that would become lines of their own, or end one; `evil` is in none that is good.
local TEXTS = { "evil\r\nX-Evil: 1", "evil\n", "\revil", "evil\0", "evil\27[2J", "evil\127" }

-- More that an option must not be.
local MORE = {
  endpoint = { "", "ftp://evil", "http://evil@h", "http://h/evil?a", "http://evil:0",
    "http://[evil" },
  region = { "", "EVIL", "evil/x", "evil.example" },
  cloud = { "", "evil", "evil..example", "evil/x" },
  iam_endpoint = { "", "ftp://evil", "http://evil@h", "http://evil.example" },
  project_id = { "", ".", "..", "evil/..", "evil?a", "evil b", ("evil"):rep(33) },
  graph_id = { "", ".", "..", "evil/..", "evil?a", "evil b", ("evil"):rep(33) },
  job_id = { "", ".", "..", "evil/..", "evil?a", "evil b", ("evil"):rep(33) },
  token = { "", "evil b", '"evil"', "evil\226\128\139", ("e"):rep(131073) },
  ak = { "", "evil b", ("e"):rep(4097) }, sk = { "", "evil b", ("e"):rep(4097) },
  security_token = { "", "evil b", ("e"):rep(131073) },
  ca_file = { "" }, ca_path = { "" }, client_cert = { "" }, client_key = { "" },
  language = { "", "evil" }, status = { "", "evil" }, start_time = { "", "evil", "2024-02-30" },
  end_time = { "", "evil", "2024-02-30" }, method = { "", "get", "evil", "GET " },
  path = { "", "evil", "/evil/../x", "//evil", "/" .. ("e"):rep(8193) },
  query = { { 1 }, { evil = print }, { evil = { {} } }, { evil = ("e"):rep(8193) } },
  headers = { { "evil" }, { ["evil:"] = "x" }, { ["evil b"] = "x" }, { ["\r\nevil"] = "x" },
    { ["X-A"] = "evil\r\nX-Evil: 1" }, { ["X-A"] = "evil\n" }, { ["X-A"] = "evil\0" },
    { ["X-A"] = ("e"):rep(131073) }, { Host = "evil" }, { Authorization = "evil" },
    { ["X-Auth-Token"] = "evil" }, { ["x-security-token"] = "evil" },
    { ["Content-Length"] = "1" }, { ["Transfer-Encoding"] = "evil" }, { ["X-Sdk-Date"] = "evil" },
    { ["X-a"] = "1", ["x-A"] = "evil" } },
  resume = { "", "evil", "ges-wait-1:a:b:c", "ges-wait-2:a:b:c:1", "ges-wait-1:a:b:c:1:evil",
    "ges-wait-1:a/evil:b:c:1" },
  jobs = { { "evil" }, { { job_id = "j", evil = 1 } }, { a = {} }, "evil" },
  credentials = { {}, { get = "evil" } },
  accept = { { "evil" }, { evil = true }, { "success", "evil" } },
  host = { "evil" }, on_unknown = { "evil" },
}

-- Texts that may be anything: why.
local FREE = {
  thread_pool = "only nginx's host reads it, which knows its pools",
  body = "a body may have any bytes",
}

-- Options that go along with one.
local KEYS = { token = false, ak = "ACCESS-KEY", sk = "secret-key" }
local WITH = {
  ak = { token = false, sk = "secret-key" }, sk = { token = false, ak = "ACCESS-KEY" },
  security_token = KEYS, credentials = { token = false }, region = { endpoint = false },
  cloud = { endpoint = false, region = "r-1" }, project_id = KEYS,
  graph_name = { graph_id = false },
  resume = { project_id = false, graph_id = false, job_id = false },
  project = { token = false, ak = "ACCESS-KEY", sk = "secret-key", project_id = false },
}

-- A good value where the option has to be given.
local GOOD = { ak = "ACCESS-KEY", sk = "secret-key", region = "r-1", project = "name",
  credentials = { get = function() return { token = "token" } end },
  resume = "ges-wait-1:project:graph:job:1700000000" }

-- What a generic call has no use for among the defaults of its client: it is left out.
local UNUSED = { ["ges.request"] = { project_id = true, graph_id = true, job_id = true } }

local TYPES = { string = "evil", number = 1.5, integer = 1, boolean = true, ["function"] = print,
  table = { evil = true } }

-- All that an option must not be.
local function bad_values(row)
  local list = {}
  local types = "|" .. row.type .. "|"
  for kind, value in pairs(TYPES) do
    local fits = types:find("|" .. kind .. "|", 1, true)
      or kind == "integer" and types:find("number", 1, true)
    if not fits then list[#list + 1] = value end
  end
  if row.least then
    list[#list + 1] = 0 / 0
    list[#list + 1] = row.least - 0.0005
    if row.most < math.huge then list[#list + 1] = row.most + 1 end
  end
  if types:find("|string|", 1, true) and not FREE[row.name] then
    for _, text in ipairs(TEXTS) do list[#list + 1] = text end
  end
  for _, value in ipairs(MORE[row.name] or {}) do list[#list + 1] = value end
  return list
end

local names = {}
for name in pairs(alternate.calls) do names[#names + 1] = name end
table.sort(names)

describe("what is refused sends nothing:", function()
  local server, options

  setup(function()
    server = lab.replies { { 200, '{"status":"success","job_count":0,"job_list":[],"graph":{},'
      .. '"projects":[{"id":"p"}]}' } }
    options = alternate.over({ endpoint = server:url(), iam_endpoint = server:url() },
      cases.options, { retries = 0, timeout = 5 })
  end)
  teardown(lab.cleanup)

  local function base(row)
    local way_out = row.name ~= "proxy" and { proxy = server:url() } or {}
    return alternate.over(options, way_out, WITH[row.name] or {})
  end

  -- Was it refused? wait_all gives words.
  local function is_refusal(ok, value, _, info)
    return not ok or value == "argument" or value == nil and info.kind == "argument"
  end

  -- A call with these options that is to be refused; `may_be_unused`: or goes without the value.
  local function check(name, defaults, own, what, may_be_unused)
    local before = server:accepted()
    local made, client = pcall(lab.client, defaults)
    if made then
      local ok, value, err, info = pcall(alternate.calls[name], client, own)
      if not is_refusal(ok, value, err, info) then
        assert.is_true(may_be_unused or false, what .. " was not refused: " .. tostring(err))
        local list = server:requests()
        assert.is_nil(list[#list]:find("evil", 1, true), list[#list])
        client:close()
        return
      end
      client:close()
    end
    assert.equal(before, server:accepted(), what .. " opened a connection")
  end

  for _, row in ipairs(core.options()) do
    it(row.name, function()
      local list = bad_values(row)
      assert.is_true(#list > 0)
      for _, name in ipairs(names) do
        for n, value in ipairs(row.calls[name] and list or {}) do
          local what = ("value %d of %s in %s"):format(n, row.name, name)
          local own = alternate.of_call(base(row), name)
          own[row.name] = value
          check(name, nil, own, what)
          if row.calls["ges.new"] then
            local defaults = alternate.of_call(own, "ges.new")
            for option in pairs(defaults) do own[option] = nil end
            check(name, defaults, own, what .. ", by default",
              UNUSED[name] and UNUSED[name][row.name])
          end
        end
      end
    end)
  end

  it("but the same calls, with good values, are not refused", function()
    for _, row in ipairs(core.options()) do
      for _, name in ipairs(names) do
        if row.calls[name] then
          local before = server:accepted()
          local client = lab.client()
          local own = alternate.of_call(base(row), name)
          own[row.name], own.timeout = GOOD[row.name] or own[row.name], 1
          local ok, value, err, info = pcall(alternate.calls[name], client, own)
          client:close()
          assert.is_false(is_refusal(ok, value, err, info), row.name .. " in " .. name .. ": "
            .. tostring(err or value))
          assert.is_true(server:accepted() > before, row.name .. " in " .. name)
        end
      end
    end
  end)

  it("a cloud without a region, beside an endpoint", function()
    for _, name in ipairs(names) do
      local own = alternate.of_call(options, name)
      own.endpoint, own.proxy, own.cloud = nil, server:url(), "cloud.example"
      check(name, { endpoint = server:url() }, own, name)
    end
  end)

  it("an entry of jobs, for which it is the verdict", function()
    for _, row in ipairs(core.options()) do
      if row.name:find("^%l+_id$") then
        for n, value in ipairs(bad_values(row)) do
          for _, name in ipairs { "ges.wait_all", "ges.wait_any" } do
            local own = alternate.of_call(options, name)
            own.proxy, own.jobs = server:url(), { { [row.name] = value } }
            check(name, nil, own, ("value %d of jobs[1].%s in %s"):format(n, row.name, name))
          end
        end
      end
    end
  end)
end)
