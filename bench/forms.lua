-- SPDX-License-Identifier: MIT
-- bench/forms.lua: what a call of ges costs in each form that people write, with each kind of
-- credentials, as a ratio to bare libcurl in C and to lua-curl with cjson; and what a poll of a
-- wait costs. In CPU time, or in user instructions by callgrind. Owns the list of forms.
-- Called by bench/run.lua.

local measure = require("bench.measure")

local forms = {}

--- With what a call can be made: the file of bench/servers.lua, and how a table names it.
forms.CREDENTIALS = {
  { file = "token32", name = "32 B" },
  { file = "token6344", name = "6,344 B" },
  { file = "keys", name = "AK/SK" },
}

local FORMS = {
  { "client:job_status, defaults", "client" },
  { "ges.job_status, all in the call", "own" },
  { "a poll of client:wait", "wait" },
}
local LUAS = { { "Lua 5.4", "lua5.4", "5.4" }, { "LuaJIT", "luajit", "5.1" } }

-- Bare libcurl, the peer, and each form on each Lua. The two that do not sign ask with the short
-- token in the place of AK/SK: what is above them is the price of signing, too.
local function list(dir, on, credentials)
  local unsigned = credentials == "keys" and "token32" or credentials
  local function client(name, key, command, file, abi)
    return { name = name, key = key, abi = abi or "none", calls = 3000,
      command = ("%s %s @N %s/%s"):format(command, on.http, dir, file) }
  end
  local clients = {
    client("C, bare libcurl, nothing decoded", "floor", dir .. "/floor", unsigned),
    client("lua-curl + cjson, handle reused, LuaJIT", "lcurl",
      "luajit bench/clients/lcurl.lua reuse", unsigned),
  }
  for _, form in ipairs(FORMS) do
    for _, lua in ipairs(LUAS) do
      clients[#clients + 1] = client(form[1] .. ", " .. lua[1], form[2] .. lua[3],
        ("%s bench/clients/ges.lua %s"):format(lua[2], form[2]), credentials, lua[3])
    end
  end
  return clients
end

-- One row for each client: { name, key, [credentials] = { value, floor, peer } }, the ratios to
-- the first two clients. `cost(clients)` returns a value for each, and a function that compares.
local function tabulate(dir, on, cost)
  local rows = {}
  for _, credentials in ipairs(forms.CREDENTIALS) do
    local clients = list(dir, on, credentials.file)
    local values, ratio = cost(clients)
    for i, c in ipairs(clients) do
      rows[i] = rows[i] or { name = c.name, key = c.key }
      rows[i][credentials.file] = { value = values[i], floor = ratio(i, 1), peer = ratio(i, 2) }
    end
  end
  return rows
end

--- CPU microseconds of a call.
function forms.cpu(dir, on, rounds, cpu)
  return tabulate(dir, on, function(clients)
    local measured, values = measure.compare(dir, clients, rounds, cpu), {}
    for i, row in ipairs(measured) do values[i] = row.cpu end
    return values, function(a, b)
      return (measure.ratio(measured[a].samples, measured[b].samples, "cpu"))
    end
  end)
end

--- User instructions of a call.
function forms.instructions(dir, on)
  return tabulate(dir, on, function(clients)
    local values = {}
    for i, c in ipairs(clients) do values[i] = measure.instructions(c.abi, c.command) end
    return values, function(a, b) return values[a] / values[b] end
  end)
end

return forms
