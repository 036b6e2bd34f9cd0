-- The simulator's own reading of a signature: against published vectors, and against the module's
-- signer, which is written apart from it.

local core = require "ges.core"
local digest = require "digest"
local signature = require "ges.sim.service.signature"

local AK, SK = "AccessKey", "SecretKey"

-- What the simulator computes for a request.
local function compute(request, path, names, date)
  local canonical = signature.canonical(request, path, names, digest)
  return signature.of(canonical, date, SK, digest)
end

-- Texts of a few bytes that mean something in a path or a query.
local PIECES = { "a", "Z", "0", "-", ".", "_", "~", " ", "+", "%", "&", "=", "?", "#", "*", "!",
  "\195\188", "\228\184\128", "\226\130\172", "'", "(", ";", ":", "@", ",", "\"" }

local function random_text(random, most)
  local parts = {}
  for i = 1, random(most) do parts[i] = PIECES[random(#PIECES)] end
  return table.concat(parts)
end

-- A generator with a state of its own, so that a run can be repeated.
local function generator(seed)
  return function(most)
    seed = seed * 16807 % 2147483647
    return seed % most + 1
  end
end

describe("ges.sim.service.signature", function()
  it("gives the signatures of the SDKs' own tests", function()
    local vectors = {
      -- The SDK for Go.
      { "GET", "/path", { limit = "1" }, "", {}, "x-sdk-date", "20060102T150405Z",
        "5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624" },
      { "POST", "/path", { key = "value" }, '{"Name":"test","Id":1}\n', {}, "x-sdk-date",
        "20060102T150405Z", "cecc2af119b18ab70b4d094c0750f3b42c02f254903179a0fc2cc72fc9db4f59" },
      -- The SDK for Python.
      { "GET", "/resources", { size = "1" }, "", { host = "service.endpoint.myhuaweicloud.com" },
        "host;x-sdk-date", "20200608T023900Z",
        "cfb4171acec81de07d50e53d57eb77edd537414d66ddb1d7d780f128e12cd842" },
      -- The SDK for Java: two parameters, a long path, and none.
      { "GET", "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs", { limit = "2",
        marker = "13551d6b-755d-4757-b956-536f674975c0" }, "",
        { host = "service.region.example.com" }, "host;x-sdk-date", "20191115T033655Z",
        "fd95e7da6f695cfb4cabbb9d6b0968aec155bc576b064835282473539ae9ea1d" },
      { "GET", "/", {}, "", { host = "example.com" }, "host;x-sdk-date", "20191115T033655Z",
        "919ad8b75d4ad49da0d377e63ee21c4a7a54b752f6bf2878b4adbe9c19927da6" },
    }
    for i, row in ipairs(vectors) do
      local method, path, query, body, more, names, date, expected =
        row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8]
      local request = { method = method, query = query, body = body, host = more.host,
        headers = { ["x-sdk-date"] = date } }
      assert.equal(expected, compute(request, path, names, date), "vector " .. i)
    end
  end)

  it("agrees with the module's signer, whatever is in path, query, headers and body", function()
    local random = generator(20181127)
    local date = "20181127T213900Z"
    for round = 1, 100 do
      local path, query = "", {}
      for _ = 1, random(4) do path = path .. "/s" .. random_text(random, 6) end
      if random(3) == 1 then path = path .. "/" end
      for _ = 1, random(4) - 1 do
        query[random_text(random, 4)] = random(4) == 1
          and { random_text(random, 3), random_text(random, 3) } or random_text(random, 5)
      end
      local headers = { ["x-project-id"] = "p" .. round, ["x-sdk-date"] = date }
      local body = random(2) == 1 and random_text(random, 20) or ""
      local args = { method = random(2) == 1 and "GET" or "POST", host = "127.0.0.1:8080",
        path = path, query = query, body = body, date = date, ak = AK, sk = SK,
        headers = { ["X-Project-Id"] = "  p" .. round .. " " } }
      local ok, signed = pcall(core.sign, args)
      assert.is_true(ok, tostring(signed))
      local _, names, expected = signature.fields(signed.Authorization)
      assert.equal("host;x-project-id;x-sdk-date", names)
      local request = { method = args.method, query = query, body = body, host = args.host,
        headers = headers }
      assert.equal(expected, compute(request, path, names, date), "path " .. path)
    end
  end)
end)
