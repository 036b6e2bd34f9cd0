-- `ges sim`: what it prints, and what its options make of the server.

local json = require "ges.json"
local plain_http = require "plain_http"
local pty = require "pty"

-- Runs `ges sim` until `look(out)` has returned something, then Ctrl-C; what it returned.
local function while_serving(args, look)
  local ends_with = args[2] == "--jobs" and "\nWait for them" or "ges sim --jobs\n"
  local found
  local function on(seen, process)
    if found or not seen.out:find(ends_with, 1, true) then return end
    found = look(seen.out)
    process:kill(2)
  end
  local seen = pty.run(args, { on = on })
  assert.equal(130, seen.code, seen.err)
  return found
end

local function status(url, project, id)
  local path = ("/v2/%s/graphs/demo-graph/jobs/%s/status"):format(project, id)
  return plain_http.send(url, "GET", path, { headers = { ["X-Auth-Token"] = "sim-token" } })
end

describe("ges sim", function()
  it("prints an address and credentials that are right, and how to start a job", function()
    while_serving({ "sim" }, function(out)
      local url = out:match("at (http://127%.0%.0%.1:%d+) %(Ctrl%-C ends it%)\n")
      local project = out:match("project +(%x+) %(eu%-west%-101%)\n")
      local graph = out:match("graph +(%S+)\n")
      local path = ("/v2/%s/graphs/%s"):format(project, graph)
      local ak, sk = out:match("keys +(%S+) / (%S+)\n")
      assert.equal(200, (plain_http.send(url, "GET", path, {
        headers = plain_http.sign(url, "GET", path, ak, sk) })))
      assert.equal(200, (plain_http.send(url, "GET", path, {
        headers = { ["X-Auth-Token"] = out:match("token +(%S+)\n") } })))
      local user, password, domain, iam =
        out:match("login +(%S+) / (%S+), domain ([^%s,]+), %-%-iam%-endpoint (%S+)\n")
      assert.equal(url, iam)
      assert.equal(201, (plain_http.send(url, "POST", "/v3/auth/tokens", { body = { auth = {
        identity = { methods = { "password" }, password = { user = { name = user,
          password = password, domain = { name = domain } } } },
        scope = { project = { id = project } } } } })))
      assert.matches("\n  curl %-s " .. url:gsub("%p", "%%%0") .. "/v2/", out)
      return true
    end)
  end)

  it("starts a job of each kind, and prints a command that waits for them", function()
    while_serving({ "sim", "--jobs" }, function(out)
      local url, project = out:match("(http://[%d.:]+)"), out:match("project +(%x+) ")
      local ids, does = {}, {}
      for id, what in out:match("\nJobs:\n(.-)\n\n"):gmatch("  (%x+)  ([^\n]+)") do
        ids[#ids + 1] = id
        does[what:match("^(.-) ?%f[%d(]") or what] = id
      end
      assert.equal(7, #ids)
      local command = out:match("\nWait for them %(about a minute%):\n  (.*)\n$"):gsub("\\\n", "")
      assert.equal(table.concat(ids, " "), (command:match("demo%-graph +(.*)$"):gsub(" +", " ")))
      assert.equal(429, (status(url, project, does["is throttled for"])))
      assert.equal(503, (status(url, project, does["is unavailable for"])))
      assert.is_nil((status(url, project, does["is cut off in its first answer"])))
      local _, slow = status(url, project, does["takes a minute"])
      assert.equal("ExportGraph", slow.job_name)
      -- The printed command, given up early: it knows each job.
      local waited = pty.run({ "-c", command .. " -o json --timeout 2s" },
        { program = { "sh" } })
      assert.equal(124, waited.code, waited.err)
      local records = json.decode(waited.out)
      assert.equal(7, #records)
      return true
    end)
  end)

  it("serves its first calls with faults", function()
    while_serving({ "sim", "--faults", "list:html, graph:forbidden*2" }, function(out)
      local url, project = out:match("(http://[%d.:]+)"), out:match("project +(%x+) ")
      local headers = { headers = { ["X-Auth-Token"] = "sim-token" } }
      local graphs = "/v2/" .. project .. "/graphs"
      assert.equal(500, (plain_http.send(url, "GET", graphs .. "/jobs", headers)))
      assert.equal(200, (plain_http.send(url, "GET", graphs .. "/jobs", headers)))
      assert.equal(403, (plain_http.send(url, "GET", graphs .. "/g", headers)))
      assert.equal(403, (plain_http.send(url, "GET", graphs .. "/g", headers)))
      assert.equal(200, (plain_http.send(url, "GET", graphs .. "/g", headers)))
      return true
    end)
  end)

  it("ends a shell's complaint where its line ends", function()
    local seen = pty.run({ "sim" }, { env = { LUA_INIT = "package.preload['ges.sim'] = function() "
      .. "return { start = function() return nil, 'mktemp: not found\\n' end } end" } })
    assert.same({ 6, "ges: mktemp: not found\n" }, { seen.code, seen.err })
  end)

  it("refuses a fault that it does not know, by the flag or the variable", function()
    local seen = pty.run({ "sim", "--faults", "rain" })
    assert.equal(2, seen.code)
    assert.equal("ges: --faults is not a list of faults: unknown kind 'rain'"
      .. " (try: ges sim --help)\n", seen.err)
    seen = pty.run({ "sim" }, { env = { GES_SIM_FAULTS = "throttle*0" } })
    assert.equal(2, seen.code)
    assert.matches("^ges: GES_SIM_FAULTS is not a list of faults: the count is not a whole number",
      seen.err)
  end)

  it("lists headers and faults in its help, each line within 80 columns", function()
    local help = pty.run({ "sim", "--help" }).out
    for _, piece in ipairs { "X-Sim-Outcome: WORD", "throttle ", "--jobs", "--faults LIST",
      "[CALL:]KIND[*COUNT][@SECONDS]" } do
      assert.is_truthy(help:find(piece, 1, true), piece)
    end
    for line in help:gmatch("[^\n]+") do assert.is_true(#line <= 80, line) end
  end)
end)
