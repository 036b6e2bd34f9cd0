-- SPDX-License-Identifier: MIT
-- bench/clients/lcurl.lua: the same with Debian's lua-curl 0.3.0 and cjson.
--   lcurl.lua reuse|new ENDPOINT CALLS TOKEN-FILE [CA-FILE]
-- Run by bench/run.lua, on LuaJIT (Debian packages it for 5.1 and 5.2 only).

local ids = require("bench.clients.ids")
local cjson = require("cjson")
local curl = require("curl")

local mode = table.remove(arg, 1)
local endpoint, calls, token, ca = ids.arguments(arg)
local parts
local function collect(text)
  parts[#parts + 1] = text
  return #text
end

local function handle()
  local easy = curl.easy_init()
  easy:setopt(curl.OPT_URL, endpoint .. ids.path)
  easy:setopt(curl.OPT_HTTPHEADER, { "X-Auth-Token: " .. token, "Accept: application/json" })
  easy:setopt(curl.OPT_WRITEFUNCTION, collect)
  easy:setopt(curl.OPT_NOSIGNAL, 1)
  if ca then easy:setopt(curl.OPT_CAINFO, ca) end
  return easy
end

local kept = mode == "reuse" and handle()
for i = 1, calls do
  parts = {}
  assert((kept or handle()):perform())
  assert(cjson.decode(table.concat(parts)).status == "success")
  if i == 1 then ids.first() end
end
print("done")
