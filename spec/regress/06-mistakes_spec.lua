-- Mistakes that used to be found too late: deep inside a host or a provider, where the core was
-- called, or by the service.

local ges = require("ges")
local lab = require("lab")

local function request(here, extra)
  local opts = { endpoint = "http://127.0.0.1:9", path = "/x", token = lab.token }
  for name, value in pairs(extra) do opts[name] = value end
  local response, err, info = ges.request(here(opts))
  return response, err, info
end

local function many(n)
  local t = {}
  for i = 1, n do t["X-" .. i] = "v" end
  return t
end

describe("regress: a mistake throws where it was made", function()
  after_each(lab.cleanup)

  it("when the host is another program's", function()
    lab.throws("host 'ngx' waits in nginx only", function(here)
      request(here, { host = "ngx" })
    end)
    local name, kept = "ges.host.cqueues", {}
    for _, module in ipairs({ name, "cqueues", "cqueues.condition" }) do
      kept[module] = package.loaded[module] or false
      package.loaded[module] = nil
    end
    local path, cpath = package.path, package.cpath
    package.path, package.cpath = path:match("[^;]*/lua/%?%.lua;"), ""
    local ok, err = pcall(lab.throws, "host 'cqueues' is not available", function(here)
      request(here, { host = "cqueues" })
    end)
    package.path, package.cpath = path, cpath
    for module, value in pairs(kept) do package.loaded[module] = value or nil end
    assert(ok, err)
  end)

  it("when a provider has no get", function()
    lab.throws("option 'credentials' must be a provider", function(here)
      ges.request(here({ endpoint = "http://127.0.0.1:9", path = "/x", credentials = {} }))
    end)
  end)

  it("when there are too many headers or values", function()
    lab.throws("option 'headers' has more than 24", function(here)
      request(here, { headers = many(25) })
    end)
    lab.throws("option 'query' has more than 64", function(here)
      request(here, { query = many(65) })
    end)
    local list = {}
    for i = 1, 65 do list[i] = i end
    lab.throws("option 'query' has more than 64", function(here)
      request(here, { query = { list = list } })
    end)
    local server = lab.replies { { 200, "{}" } }
    list[65] = nil
    assert(request(function(opts)
      opts.endpoint = server:url()
      return opts
    end, { headers = many(24), query = { list = list } }))
  end)

  it("when a header is made of another option", function()
    for _, name in ipairs({ "X-Auth-Token", "Authorization", "Host", "content-length",
      "Transfer-Encoding", "X-Sdk-Date", "X-Security-Token" }) do
      lab.throws("header '" .. name .. "' is made of the other options", function(here)
        request(here, { headers = { [name] = "secret-of-somebody" } })
      end)
    end
  end)
end)

describe("regress: a body", function()
  after_each(lab.cleanup)

  it("that is too long is refused, and no lack of memory", function()
    local err = lab.fails("argument", ges.request({ endpoint = "http://127.0.0.1:9", path = "/x",
      token = lab.token, method = "POST", body = ("a"):rep(16777217) }))
    assert.is_truthy(err:find("body is longer than 16 MiB", 1, true), err)
  end)

  it("that is absent is sent as JSON, not as a form", function()
    local server = lab.replies { { 200, "{}" } }
    assert(ges.request({ endpoint = server:url(), path = "/x", token = lab.token,
      method = "POST" }))
    local head = server:requests()[1]
    assert.is_truthy(head:find("\r\nContent-Type: application/json", 1, true), head)
    assert.is_nil(head:find("form-urlencoded", 1, true), head)
    assert.is_truthy(head:find("\r\nContent-Length: 0\r\n", 1, true), head)
  end)
end)
