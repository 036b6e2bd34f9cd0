-- SPDX-License-Identifier: MIT
-- The two hashes of a signature, from the OpenSSL that nginx itself is linked with: so access keys
-- can be verified where ges.core is installed for another Lua only.
-- Owns nothing. Called by ges.sim.nginx.worker only.

local digest = {}

local declarations = [[
  unsigned char *SHA256(const unsigned char *text, size_t size, unsigned char *out);
  const void *EVP_sha256(void);
  unsigned char *HMAC(const void *hash, const void *key, int key_size, const unsigned char *text,
                      size_t size, unsigned char *out, unsigned int *out_size);
]]

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

--- The hashes, or nil and why there are none.
---@return { sha256: fun(text: string): string, hmac: fun(key: string, text: string): string }?
---@return string? why
function digest.new()
  local has_ffi, ffi = pcall(require, "ffi")
  if not has_ffi then return nil, "the Lua of this nginx is not LuaJIT" end
  ffi.cdef(declarations)
  local lib = ffi.C
  local found = pcall(function() return lib.SHA256, lib.EVP_sha256, lib.HMAC end)
  if not found then return nil, "this nginx has no SHA-256: it is built without OpenSSL" end
  local out = ffi.new("unsigned char[32]")
  return {
    sha256 = function(text)
      lib.SHA256(text, #text, out)
      return hex(ffi.string(out, 32))
    end,
    hmac = function(key, text)
      lib.HMAC(lib.EVP_sha256(), key, #key, text, #text, out, nil)
      return hex(ffi.string(out, 32))
    end,
  }
end

return digest
