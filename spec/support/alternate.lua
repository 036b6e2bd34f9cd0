-- Calls in turns: with A, with B and with A again on one client, against fresh clients. What counts
-- is what servers saw, byte by byte, what callbacks noted and what the call answered.
-- Owns the servers of a world until `world:close()`, and the clients of a run until its end. Called
-- by the specs named between_calls; the cases are alternate_cases.lua's.

local assert = require("luassert")
local core = require("ges.core")
local ges = require("ges")
local received = require("received")
local wire = require("wire")

local alternate = {}

local ROWS = {}
for _, row in ipairs(core.options()) do ROWS[row.name] = row end

-- World -----------------------------------------------------------------------------------------

local world_methods = {}

--- A world without servers: `keys` are the secret keys that its cases sign with.
function alternate.world(keys)
  return setmetatable({ servers = {}, names = {}, marks = {}, notes = {}, keys = keys },
    { __index = world_methods })
end

--- Adds a wire server under a name.
function world_methods:serve(name, ...)
  local server = wire.serve { { ... }, loop = true }
  self.servers[name], self.marks[name] = server, 0
  table.insert(self.names, name)
  return server
end

--- Adds one that answers each request with the same reply, as for wire.reply.
function world_methods:reply(name, ...)
  return self:serve(name, "request", wire.reply(...), { again = true })
end

--- Notes that a callback was called.
function world_methods:note(...)
  table.insert(self.notes, table.concat({ ... }, " "))
end

-- A text with servers by their names instead of their ports.
function world_methods:named(text)
  for name, server in pairs(self.servers) do text = text:gsub(":" .. server:port(), ":" .. name) end
  return text
end

--- What was seen since the last time, as a list of texts: each server's requests, then the notes.
---@param but? string a server that is not listed
function world_methods:take(but)
  local list = {}
  for _, name in ipairs(self.names) do
    local requests = self.servers[name]:requests()
    for i = self.marks[name] + 1, name == but and 0 or #requests do
      table.insert(list, name .. " <- " .. self:named(received.plain(requests[i], self.keys)))
    end
    self.marks[name] = #requests
  end
  for i, note in ipairs(self.notes) do
    list[#list + 1] = note
    self.notes[i] = nil
  end
  return list
end

function world_methods:close()
  for _, server in pairs(self.servers) do server:close() end
end

-- Ways ------------------------------------------------------------------------------------------

--- Options with others over them; false takes one away.
function alternate.over(...)
  local all = {}
  for _, opts in pairs { ... } do
    for name, value in pairs(opts) do
      if value == false and name ~= "verify" and name ~= "insecure_http" then value = nil end
      all[name] = value
    end
  end
  return all
end

-- Those of these options that a call takes.
local function of_call(opts, call)
  local own = {}
  for name, value in pairs(opts) do
    if ROWS[name].calls[call] then own[name] = value end
  end
  return own
end

alternate.of_call = of_call

-- What a generic call has instead of a job.
local function generic(opts)
  return alternate.over({ path = "/v2/alternate" }, opts)
end

local function without(opts, ...)
  local own = alternate.over(opts)
  for _, name in ipairs { ... } do own[name] = nil end
  return own
end

local function of_many(opts)
  return alternate.over(opts.jobs and {} or { jobs = { {} } }, opts)
end

-- The results of a wait for many as one: the words for each, and the info of the first.
local function as_one(results, err, info)
  if not results then return nil, err, info end
  local words = {}
  for n, one in ipairs(results) do words[n] = one.job and one.job.status or one.info.kind end
  return table.concat(words, " "), nil, results[1] and results[1].info
end

local function last_of(events)
  local last
  for event in events do last = event end
  return last.job, last.err, last.info
end

--- The calls of a client: each takes the client and the options.
alternate.calls = {
  ["ges.job_status"] = function(client, opts) return client:job_status(opts) end,
  ["ges.request"] = function(client, opts) return client:request(generic(opts)) end,
  ["ges.jobs"] = function(client, opts) return client:jobs(without(opts, "job_id")) end,
  ["ges.wait"] = function(client, opts) return client:wait(opts) end,
  ["ges.watch"] = function(client, opts) return last_of(client:watch(opts)) end,
  ["ges.start"] = function(client, opts)
    local handle, err, info = client:start(opts)
    if not handle then return nil, err, info end
    return handle:wait()
  end,
  ["ges.wait_all"] = function(client, opts) return as_one(client:wait_all(of_many(opts))) end,
  ["ges.wait_any"] = function(client, opts)
    return select(2, client:wait_any(of_many(opts)))
  end,
}

--- One attempt of the core, queued and stepped to its end.
function alternate.queued(engine, request)
  local id, err, info = engine:start(request)
  if not id then return nil, err, info end
  local stop = core.now() + 60
  while core.now() < stop do
    engine:step(0.1)
    local done, value, why, about = engine:poll()
    if done then return value, why, about end
  end
  error("an attempt did not end")
end

--- One attempt of the core, on the thread that asks.
function alternate.blocking(engine, request)
  return engine:job_status(request)
end

-- Comparison ------------------------------------------------------------------------------------

--- The same text for answers that say the same; `brief` leaves out what depends on time.
function alternate.answer(world, brief, ok, value, err, info)
  if not ok then return "thrown: " .. world:named(tostring(value)):gsub("^[^ ]+: ", "") end
  info = type(info) == "table" and info or {}
  local list = type(value) == "table" and (value.status or #value) or value
  local text = value and tostring(list) or world:named(tostring(info.kind or err))
  if brief then return text end
  return ("%s after %s attempts, HTTP %s"):format(text, tostring(info.attempts),
    tostring(info.http_status))
end

--- One call, as one text: what it answered, what was seen and noted.
function alternate.observe(world, case, call, client)
  local began = core.now()
  local text = alternate.answer(world, case.blind, pcall(call, client))
  if case.within then
    assert.is_true(core.now() - began < case.within, "a limit of another call held: " .. text)
  end
  local seen = world:take(case.hide)
  if case.count then seen = { ("%d requests"):format(#seen) } end
  if case.blind then seen = {} end
  table.insert(seen, 1, text)
  return table.concat(seen, "\n")
end

--- Compares calls with A, B, A on one client with those on fresh ones.
---@param world table
---@param case table see alternate_cases.lua
---@param way table open(case): a client; close(it); a(it), b(it): one call each
---@param makes_difference boolean whether A and B must be seen to differ
function alternate.check(world, case, way, makes_difference)
  world:take()
  local function one(client, which) return alternate.observe(world, case, way[which], client) end
  local function fresh(which)
    local client = way.open()
    local text = one(client, which)
    way.close(client)
    return text
  end
  local want = { a = fresh("a"), b = fresh("b") }
  if makes_difference then assert.are_not.equal(want.a, want.b, "the case shows nothing") end
  local client = way.open()
  for turn, which in ipairs(case.within and { "a", "b", "a" } or { "a", "b", "a", "b" }) do
    local got = one(client, which)
    assert.equal(want[which], got, ("turn %d, with %s"):format(turn, which))
  end
  way.close(client)
end

--- Whether the options of A may be a client's defaults that those of B replace.
function alternate.can_default(case)
  for option in pairs(case.a) do
    if case.b[option] == nil and not case.group then return false end
  end
  return true
end

--- A way that makes calls of one client, which may have the options of A as its defaults: then a
--- call with A says nothing itself.
---@param name string the public name of the call
---@param options table the options of all calls
---@param by_default boolean
function alternate.of_client(name, options, case, by_default)
  local run, defaults = alternate.calls[name], nil
  local function opts(own)
    return of_call(alternate.over(options, case.with or {}, case.own or {}, own), name)
  end
  local own_a, own_b = opts(case.a), opts(case.b)
  if by_default then
    defaults = of_call(own_a, "ges.new")
    for option in pairs(case.own or {}) do defaults[option] = nil end
    for option in pairs(defaults) do
      own_a[option] = nil
      if case.b[option] == nil then own_b[option] = nil end
    end
  end
  return {
    open = function() return ges.new(defaults) end,
    close = function(client) client:close() end,
    a = function(client) return run(client, own_a) end,
    b = function(client) return run(client, own_b) end,
  }
end

--- A way that makes attempts of one engine.
---@param first function of alternate.blocking or alternate.queued, for A
---@param second function the same for B
function alternate.of_engine(options, case, first, second)
  local function opts(own)
    return of_call(alternate.over(options, case.with or {}, own), "core.job_status")
  end
  return {
    open = core.engine,
    close = function(engine) engine:close() end,
    a = function(engine) return first(engine, opts(case.a)) end,
    b = function(engine) return second(engine, opts(case.b)) end,
  }
end

--- A way that binds A and B to one request in turns.
function alternate.of_request(options, case)
  local all = alternate.over(options, case.with or {}, case.a)
  local function ask(self, own)
    local ok, err, info = self.request:bind(own)
    if not ok then return nil, err, info end
    return alternate.blocking(self.engine, self.request)
  end
  return {
    open = function()
      return { engine = core.engine(),
        request = assert(core.prepare("core.job_status", 1, of_call(all, "core.job_status"))) }
    end,
    close = function(self) self.engine:close() end,
    a = function(self) return ask(self, case.a) end,
    b = function(self) return ask(self, case.b) end,
  }
end

return alternate
