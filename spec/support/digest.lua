-- SHA-256 and HMAC-SHA-256 by openssl's command: independent of the module under test. Owns a
-- cache. Called by spec/support/plane.lua and spec/support/plain_http.lua.

local digest = {}

local cache = {}

-- What `openssl dgst` with these words says of a text.
local function ask(words, text)
  local key = words .. "\n" .. text
  if not cache[key] then
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
    local pipe = assert(io.popen(("openssl dgst -sha256 %s %s"):format(words, path)))
    cache[key] = assert(pipe:read("*a"):match("(%x+)%s*$"), "openssl has no digest")
    pipe:close()
    os.remove(path)
  end
  return cache[key]
end

local function hex(text)
  return (text:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

--- In hexadecimal digits.
function digest.sha256(text)
  return ask("", text)
end

--- In hexadecimal digits.
function digest.hmac(key, text)
  return ask("-mac HMAC -macopt hexkey:" .. hex(key), text)
end

return digest
