-- A request as a server received it: its parts, and whose key signed it, recomputed from what came.
-- Owns nothing. Called by the specs that compare what was sent (alternate.lua) and by those of
-- signatures.

local core = require("ges.core")
local digest = require("digest")
local signature = require("ges.sim.service.signature")

local received = {}

local function decoded(text)
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

local function query_of(text)
  local query = {}
  for pair in text:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name = decoded(name)
    query[name] = query[name] or {}
    table.insert(query[name], decoded(value))
  end
  return query
end

--- The parts of a request: method, target, path (decoded), query, host, headers (by names in lower
--- case) and body. The target of one that went to a proxy may be a whole URL.
function received.read(text)
  local head, body = text:match("^(.-\r\n)\r\n(.*)$")
  local method, target = head:match("^(%u+) (%S+) HTTP/1%.1\r\n")
  local own = target:gsub("^http://[^/]+", "")
  local path, query = own:match("^([^?]*)%??(.*)$")
  local headers = {}
  for name, value in head:gmatch("\r\n([^:\r]+): ?([^\r]*)") do headers[name:lower()] = value end
  return { method = method, target = target, path = decoded(path), query = query_of(query),
    host = headers.host, headers = headers, body = body }
end

--- Whether the request carries the signature of this key over what came, as the simulator reads it:
--- by its own code and openssl's hashes.
function received.is_signed(request, sk)
  local _, names, given = signature.fields(request.headers.authorization or "")
  if not given then return false end
  local canonical = signature.canonical(request, request.path, names, digest)
  return given == signature.of(canonical, request.headers["x-sdk-date"], sk, digest)
end

--- The key of these that signed what came, by the module's own signer, which is fast.
function received.signer(request, keys)
  local given = request.headers.authorization or "Access=,"
  local ak = given:match("Access=([^,]*)")
  for _, sk in ipairs(keys) do
    local made = core.sign { method = request.method, host = request.host, path = request.path,
      query = request.query, body = request.body, date = request.headers["x-sdk-date"], ak = ak,
      sk = sk }
    if made.Authorization == given then return sk end
  end
  return "no key"
end

--- A request with what differs each time, date and signature, in words: whose signature it is.
---@param text string
---@param keys string[] secret keys that may have signed it
function received.plain(text, keys)
  if not text:find("\r\nAuthorization: SDK", 1, true) then return text end
  local by = received.signer(received.read(text), keys)
  text = text:gsub("(\r\nX%-Sdk%-Date: )[^\r]*", "%1now")
  return (text:gsub("(Signature=)%x+", "%1that of " .. by:gsub("%%", "%%%%")))
end

return received
