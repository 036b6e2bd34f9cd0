-- Plain HTTP with LuaSocket, and a signature made step by step with openssl's hashes: nothing of
-- the module is in it. Owns nothing. Called by the specs of ges.sim.

local cjson = require "cjson"
local digest = require "digest"
local http = require "socket.http"
local ltn12 = require "ltn12"

local plain_http = {}

--- Sends a request; a table as `body` is encoded.
---@param url string  scheme, host and port
---@param extra? { body: string|table, headers: table<string, string> }
---@return integer|nil status  nil where no whole answer came
---@return table|string|nil body  decoded, or why there is none
---@return table|nil headers
---@return string|nil text  the body as it came
function plain_http.send(url, method, path, extra)
  local headers, body = {}, extra and extra.body
  if type(body) == "table" then body = cjson.encode(body) end
  if body then
    headers["Content-Type"] = "application/json"
    headers["Content-Length"] = #body
  end
  for name, value in pairs(extra and extra.headers or {}) do headers[name] = value end
  local parts = {}
  local ok, status, got = http.request {
    method = method, url = url .. path, headers = headers,
    source = body and ltn12.source.string(body), sink = ltn12.sink.table(parts),
  }
  if not ok then return nil, status end
  local text = table.concat(parts)
  local is_json, value = pcall(cjson.decode, text)
  return status, is_json and value or nil, got, text
end

--- The headers that sign a request without a body and with a simple path.
---@param query? string  as it is sent, and sorted
---@param date? string
function plain_http.sign(url, method, path, ak, sk, query, date)
  date = date or os.date("!%Y%m%dT%H%M%SZ")
  local host = url:match("//(.*)$")
  local names = "host;x-sdk-date"
  local canonical = table.concat({ method, path .. "/", query or "", "host:" .. host,
    "x-sdk-date:" .. date, "", names, digest.sha256("") }, "\n")
  local text = table.concat({ "SDK-HMAC-SHA256", date, digest.sha256(canonical) }, "\n")
  return {
    ["X-Sdk-Date"] = date,
    Authorization = ("SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s"):format(ak, names,
      digest.hmac(sk, text)),
  }
end

return plain_http
