-- ges.core.sign against the published test vectors of the official SDKs and the signing guide.
-- A signature covers the hash of the canonical request, so equal signatures mean equal hashes.

local core = require("ges.core")

local SHARED = { ak = "AccessKey", sk = "SecretKey" }

local function sign(opts)
  local all = {}
  for key, value in pairs(SHARED) do all[key] = value end
  for key, value in pairs(opts) do all[key] = value end
  return core.sign(all)
end

local function expect(opts, names, signature)
  local headers = sign(opts)
  assert.equal("SDK-HMAC-SHA256 Access=" .. (opts.ak or "AccessKey") .. ", SignedHeaders=" .. names
    .. ", Signature=" .. signature, headers.Authorization)
  return headers
end

local VPCS = "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs"
local PROJECT = "aa2d97d7e62c4b7da3ffdfc11551f000"
local JOB = "/v2/" .. PROJECT .. "/graphs/b58a2b4e-13e8-4cde-a3ac-3a0c5bd2c0f2"
  .. "/jobs/ff80808167f09aaa0167f19b35ec0305/status"

local function job(opts)
  local all = { method = "GET", path = JOB, date = "20260102T030405Z",
    host = "ges.cn-north-4.myhuaweicloud.com" }
  for key, value in pairs(opts or {}) do all[key] = value end
  return all
end

-- name, request, signed headers, signature
local VECTORS = {
  { "Go SDK, GET without host",
    { method = "GET", path = "/path", query = { limit = 1 }, date = "20060102T150405Z",
      headers = { TEST_UNDERSCORE = "TEST_VALUE" } },
    "x-sdk-date", "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624" },
  { "Go SDK, POST",
    { method = "POST", path = "/path", query = { key = "value" }, date = "20060102T150405Z",
      body = '{"Name":"test","Id":1}\n', headers = { TEST_UNDERSCORE = "TEST_VALUE" } },
    "x-sdk-date", "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59" },
  { "Python SDK, GET",
    { method = "GET", host = "service.endpoint.myhuaweicloud.com", path = "/resources",
      query = { size = 1 }, date = "20200608T023900Z", headers = { TEST_UNDERSCORE = "TEST" } },
    "host;x-sdk-date", "cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842" },
  { "Python SDK, POST",
    { method = "POST", host = "service.endpoint.myhuaweicloud.com", path = "/resources",
      query = { size = 1 }, date = "20200608T023900Z", body = '{"name":"test","id":1}' },
    "host;x-sdk-date", "436b1ac0a1ae03705934bb70ef2f2e09f7bfed2117d731a38235053199323a1f" },
  { "Java SDK, GET with two parameters",
    { method = "GET", host = "service.region.example.com", path = VPCS, date = "20191115T033655Z",
      query = { marker = "13551d6b-755d-4757-b956-536f674975c0", limit = 2 } },
    "host;x-sdk-date", "fd95e7da6f695cfb4cabbb9d6b0968aec155bc576b064835282473539ae9ea1d" },
  { "Java SDK, POST",
    { method = "POST", host = "service.region.example.com", date = "20191115T033655Z",
      path = "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpc/123", body = '{"key":"value"}' },
    "host;x-sdk-date", "b5649aa774f6cac7437631662f08815fc65c70e40e486df6db2436ce68902771" },
  { "Java SDK, GET of an empty path",
    { method = "GET", host = "example.com", path = "", date = "20191115T033655Z" },
    "host;x-sdk-date", "919ad8b75d4ad49da0d377e63ee21c4a7a54b752f6bf2878b4adbe9c19927da6" },
  { "Java SDK, GET without parameters",
    { method = "GET", host = "service.test-region-1.myhuaweicloud.com", path = VPCS,
      date = "20191115T033655Z" },
    "host;x-sdk-date", "fbfa53d70fa0dec48f511be2e9e522172f9dca6d56f8856d12d7e575b978d9be" },
  -- the guide's own example key, published with it
  { "the signing guide",
    { method = "GET", host = "service.region.example.com", path = VPCS, date = "20191115T033655Z",
      query = { marker = "13551d6b-755d-4757-b956-536f674975c0", limit = 2 },
      headers = { ["content-type"] = "application/json" },
      ak = "QTWAOYTT" .. "INDUT2QVKYUC", sk = "MFyfvK41ba2giqM7" .. "Uio6PznpdUKGpownRZlmVmHc" },
    "content-type;host;x-sdk-date",
    "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe" },
  { "a job's status", job(),
    "host;x-sdk-date", "f1f88cfa136e36f2943063c3b70e6415c3010b196666b8513e116d34212d9926" },
  { "a job's status with a signed project",
    job { headers = { ["X-Project-Id"] = PROJECT } },
    "host;x-project-id;x-sdk-date",
    "fd3e027476e775b2fb474a78cc393550098d36f6822e252576aa97833fb67e63" },
  { "a job's status with a signed security token",
    job { headers = { ["X-Project-Id"] = PROJECT, ["X-Security-Token"] = "sectoken" } },
    "host;x-project-id;x-sdk-date;x-security-token",
    "bb7610d0692c17beeca0bd810c6e9e58de84f4541b67fb634831a42d554d9551" },
  { "a job's status with a signed content type",
    job { headers = { ["X-Project-Id"] = PROJECT, ["Content-Type"] = "application/json" } },
    "content-type;host;x-project-id;x-sdk-date",
    "5d204696da2aa00b6710c5f8ec0787d34a7626d19ae3af4ff043a3f6377a723f" },
  { "a host with a port", job { host = "127.0.0.1:8443" },
    "host;x-sdk-date", "398e466dabe71dc19475a307bb51842d88f5de7fb4c7a8d4450515b71419c3ee" },
}

describe("ges.core.sign", function()
  for _, v in ipairs(VECTORS) do
    it("agrees with the vector: " .. v[1], function()
      expect(v[2], v[3], v[4])
    end)
  end

  it("returns the headers to send", function()
    assert.same({
      ["X-Sdk-Date"] = "20260102T030405Z", ["X-Project-Id"] = PROJECT, not_signed = "x",
      Authorization = "SDK-HMAC-SHA256 Access=AccessKey, "
        .. "SignedHeaders=host;x-project-id;x-sdk-date, "
        .. "Signature=fd3e027476e775b2fb474a78cc393550098d36f6822e252576aa97833fb67e63",
    }, sign(job { headers = { ["X-Project-Id"] = PROJECT, not_signed = "x" } }))
  end)

  it("signs the current time in UTC by default", function()
    local before = os.date("!%Y%m%dT%H%M%SZ")
    local date = sign { method = "GET", path = "/" }["X-Sdk-Date"]
    local after = os.date("!%Y%m%dT%H%M%SZ")
    assert.is_true(before <= date and date <= after, date)
  end)

  it("does not change the caller's tables", function()
    local headers, query = { A = " b " }, { q = { 3, 1, 2 } }
    sign(job { headers = headers, query = query })
    assert.same({ A = " b " }, headers)
    assert.same({ q = { 3, 1, 2 } }, query)
  end)

  it("takes an empty host for none", function()
    local request = { method = "GET", path = "/path", query = { limit = 1 },
      date = "20060102T150405Z", host = "" }
    expect(request, "x-sdk-date",
      "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624")
  end)
end)

describe("ges.core.sign, query", function()
  local function signature(query)
    return sign(job { query = query }).Authorization
  end

  it("encodes and sorts like the SDKs", function()
    -- canonical: enable=true&limit=1&multi=1&multi=2&multi=3&path=%2Ftmp%2F123
    --   &test=%E4%B8%80%20%28%26%3D%3F%21%23%25.%2A%29
    expect(job { query = { limit = 1, enable = true, test = "\228\184\128 (&=?!#%.*)",
      path = "/tmp/123", multi = { 3, 1, 2 } } },
      "host;x-sdk-date", "094955572ece987920f4940e63ae3ea511de9ebec59b2567740e9442c1c6e4fe")
  end)

  it("sorts names before values, and values as bytes", function()
    assert.equal(signature { a = { "2", "10", "" }, ["a-"] = "x" },
      signature { a = { "", "10", "2" }, ["a-"] = { "x" } })
    assert.are_not.equal(signature { a = "b" }, signature { a = "" })
  end)

  it("writes numbers the same on every Lua", function()
    local text = signature { n = "10" }
    assert.equal(text, signature { n = 10 })
    assert.equal(text, signature { n = 1e1 })
    assert.equal(signature { n = "0" }, signature { n = -0.0 })
    assert.equal(signature { n = "-3" }, signature { n = -3 })
    assert.equal(signature { n = "0.5" }, signature { n = 0.5 })
    assert.equal(signature { n = "1e+300" }, signature { n = 1e300 })
  end)

  it("takes an empty list for no parameter", function()
    assert.equal(signature {}, signature { a = {} })
  end)

  it("encodes bytes, NUL included", function()
    assert.are_not.equal(signature { a = "x\0y" }, signature { a = "x" })
    assert.are_not.equal(signature { ["a\0"] = "x" }, signature { a = "x" })
  end)
end)

describe("ges.core.sign, headers", function()
  it("trims values and ignores the case of names", function()
    assert.equal(sign(job { headers = { ["X-Project-Id"] = "p" } }).Authorization,
      sign(job { headers = { ["x-PROJECT-id"] = " \t p " } }).Authorization)
  end)

  it("takes the body's hash from X-Sdk-Content-Sha256", function()
    local headers = { ["X-Sdk-Content-Sha256"] = "UNSIGNED-PAYLOAD" }
    assert.equal(sign(job { headers = headers }).Authorization,
      sign(job { headers = headers, body = "anything" }).Authorization)
  end)

  it("covers the body", function()
    assert.are_not.equal(sign(job { body = "a\0b" }).Authorization,
      sign(job { body = "a\0c" }).Authorization)
    assert.equal(sign(job { body = "" }).Authorization, sign(job()).Authorization)
  end)
end)

describe("ges.core.sign, misuse", function()
  local function many(n)
    local list = {}
    for i = 1, n do list[i] = i end
    return list
  end

  local function many_headers(n)
    local headers = {}
    for i = 1, n do headers["x-" .. i] = "v" end
    return headers
  end

  -- message part, options
  local CASES = {
    { "unknown option 'methd'", { methd = "GET" } },
    { "options are named", { "GET" } },
    { "'method' must be a string, got a number", { method = 1 } },
    { "'method' must be upper%-case letters", { method = "get" } },
    { "'host' contains a space, a control", { host = "a\r\nb" } },
    { "'host' must be a string, got a boolean", { host = true } },
    { "'path' must begin with /", { path = "v2" } },
    { "'path' must not contain %. or %.%. segments", { path = "/a/../b" } },
    { "'body' must be a string, got a table", { body = {} } },
    { "'date' is not of the form", { date = "2026-01-02T03:04:05Z" } },
    { "'date' is not of the form", { date = "20260102T03040xZ" } },
    { "'date' is not of the form", { date = "2026010xT030405Z" } },
    { "'date' must be a string, got a number", { date = 1 } },
    { "'ak' must not be empty", { ak = "" } },
    { "'sk' ends with a newline", { sk = "0\n" } },
    { "'sk' must be a string, got a number", { sk = 5 } },
    { "'query' must be a table, got a string", { query = "a=b" } },
    { "'query' must have strings as names, got a number", { query = { "a" } } },
    { "query 'a' must be a string, .* got a function", { query = { a = print } } },
    { "query 'a' must be a string, .* got a table", { query = { a = { {} } } } },
    { "query 'a' must be a list of values", { query = { a = { b = 1 } } } },
    { "query 'a' is not a finite number", { query = { a = 0 / 0 } } },
    { "query 'a' is not a finite number", { query = { a = { 1, -math.huge } } } },
    { "'query' has more than 256 values", { query = { a = many(257) } } },
    { "'headers' must be a table, got a string", { headers = "a: b" } },
    { "'headers' must have strings as names", { headers = { "a" } } },
    { "not an HTTP token", { headers = { ["a b"] = "x" } } },
    { "not an HTTP token", { headers = { [""] = "x" } } },
    { "not an HTTP token", { headers = { ["a\0"] = "x" } } },
    { "header 'X%-A' must be a string, got a number", { headers = { ["X-A"] = 1 } } },
    { "header 'X%-A' contains a control", { headers = { ["X-A"] = "secret\r\nX-B: c" } } },
    { "header 'hOST' as the option 'host'", { headers = { hOST = "h" } } },
    { "header 'X%-SDK%-Date' as the option 'date'", { headers = { ["X-SDK-Date"] = "d" } } },
    { "header 'authorization' is what sign computes", { headers = { authorization = "x" } } },
    { "header '[aA]' is given twice", { headers = { a = "x", A = "y" } } },
    { "'headers' has more than 64 values", { headers = many_headers(65) } },
    { "too long", { path = "/" .. ("x"):rep(1048576) } },
  }

  for _, case in ipairs(CASES) do
    it("throws: " .. case[1], function()
      local ok, err = pcall(sign, job(case[2]))
      assert.is_false(ok)
      assert.matches(case[1], err)
      assert.is_nil(err:find("secret", 1, true))
    end)
  end

  it("throws for what is missing, at the caller's line", function()
    for _, name in ipairs { "method", "ak", "sk" } do
      local opts = { method = "GET", ak = "a", sk = "s" }
      opts[name] = nil
      local ok, err = pcall(function() return (core.sign(opts)) end)
      assert.is_false(ok)
      assert.matches("sign_spec%.lua:%d+: sign: '" .. name .. "' is missing", err)
    end
    assert.has_error(function() core.sign() end)
  end)

  it("takes as many headers and values as it says", function()
    assert.truthy(sign(job { headers = many_headers(64), query = { a = many(256) } }).Authorization)
  end)
end)
