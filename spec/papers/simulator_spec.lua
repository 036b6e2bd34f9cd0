-- The tables about the simulator say what it does: headers, faults and credentials in
-- doc/simulator.md, in the manual page and in the help.

local actions = require "ges.sim.service.actions"
local faults = require "ges.sim.service.faults"
local ges = require "ges"
local headers = require "ges.sim.service.headers"
local lab = require "lab"
local papers = require "papers"
local pty = require "pty"

-- The rows of the tables of a section: their cells.
local function rows_of(heading)
  local text = papers.read("doc/simulator.md"):match("\n## " .. heading .. "\n(.-)\n## ")
  local rows = {}
  for line in text:gmatch("[^\n]+") do
    local cells = {}
    for cell in line:gmatch("|%s*([^|]-)%s*%f[|]") do cells[#cells + 1] = cell end
    if #cells > 1 and not cells[1]:find("^%-") then rows[#rows + 1] = cells end
  end
  return rows
end

describe("the papers about the simulator", function()
  local server

  setup(function()
    server = lab.start()
  end)

  teardown(function()
    lab.stop()
  end)

  local manual = papers.read("doc/man/ges.1"):gsub("\\f.", ""):gsub("\\%-", "-")
  local help = pty.run({ "sim", "--help" }).out
  local command_page = papers.read("doc/cli.md")

  it("have each header of a job and of a login, with its default", function()
    local default = {}
    for _, cells in ipairs(rows_of "Choosing how a job runs") do default[cells[1]] = cells[3] end
    for _, rows in ipairs { headers.job, headers.login } do
      for _, row in ipairs(rows) do
        local shown = assert(default["`" .. row.header .. "`"], row.header)
        if row.default and type(row.default) ~= "table" then
          assert.equal(tostring(row.default), (shown:gsub("`", "")))
        end
        assert.is_truthy(manual:find(row.header, 1, true), row.header)
        assert.is_truthy(help:find(row.header, 1, true), row.header)
      end
    end
    for _, row in ipairs(headers.job) do
      assert.is_truthy(command_page:find(row.header, 1, true), row.header)
    end
  end)

  it("have each fault, how it comes, what ges makes of it, and whether a wait goes on", function()
    local seen = 0
    for _, cells in ipairs(rows_of "Faults") do
      local fault = #cells == 4 and cells[1]:match("^`(%l[%w_]*[^`]*)`$")
      if fault then
        seen = seen + 1
        local id = assert(server:start_job { seconds = 0, faults = fault })
        -- A client of its own: on a kept connection libcurl repeats a call that was dropped.
        local client = ges.new(server:options { retries = 0,
          request_timeout = fault:find("^slow") and 1 or nil })
        local _, _, info = client:job_status { job_id = id }
        client:close()
        assert.equal(cells[3], "`" .. tostring(info and info.kind) .. "`", fault)
        local status, code = cells[2]:match("^(%d+) ?([%u]*%.?%d*)")
        if status then
          assert.equal(status .. code, info.http_status .. (info.code or ""), fault)
        end
        id = assert(server:start_job { seconds = 0, faults = fault })
        local job, err = ges.wait(server:options { job_id = id, interval = 1, request_timeout = 2 })
        assert.equal(cells[4]:match("^[^,]*"), job and "goes on" or "ends", err)
      end
    end
    assert.equal(#faults.kinds, seen)
    for _, kind in ipairs(faults.kinds) do
      for _, text in ipairs { manual, help } do
        assert.is_truthy(text:find("%f[%w]" .. kind.name .. "%f[^%w_]"), kind.name)
      end
    end
  end)

  it("have each kind of call that faults are for", function()
    local text = papers.read("doc/simulator.md")
    for _, call in ipairs(faults.calls) do
      for _, page in ipairs { text:match("`CALL` is (.-)%.\n?"),
        manual:match("\n%.I CALL\n(.-)%.\n"), help:match("CALL is (.-)%.\n") } do
        assert.is_truthy(page:find("%f[%w]" .. call .. "%f[%W]"), call)
      end
    end
    local id = assert(server:start_job { seconds = 0 })
    assert(server:fault "login:unavailable")
    local demo = server.demo
    local _, _, info = ges.job_status(server:options { job_id = id, retries = 0, credentials =
      ges.credentials.password { user = demo.user, password = demo.password,
        domain = demo.domain, iam_endpoint = server.url } })
    assert.equal("credentials", info.kind)
  end)

  it("have each call of start_job, its job's name and what its body needs", function()
    local count = 0
    for _, cells in ipairs(rows_of "In your tests") do
      local names, jobs = {}, {}
      local first = #cells == 3 and cells[1] or ""
      for name in first:gmatch("`([%l/-]+)`") do names[#names + 1] = name end
      for name in (cells[2] or ""):gmatch("`(%u%a+)`") do jobs[#jobs + 1] = name end
      for i, name in ipairs(#jobs > 0 and names or {}) do
        count = count + 1
        local _, _, action = actions.find(name)
        assert.equal(jobs[i], action.job_name)
        local needed = {}
        for member, rule in pairs(action.body or {}) do
          if rule.needed then needed[#needed + 1] = member end
        end
        for _, member in ipairs(action.one_of or {}) do needed[#needed + 1] = member end
        for _, member in ipairs(needed) do
          assert.is_truthy(cells[3]:find("%f[%w]" .. member .. "%f[^%w_]"), member)
        end
        assert.equal(#needed == 0, cells[3] == "nothing")
      end
    end
    local total = 0
    for _ in pairs(actions.of_graph) do total = total + 1 end
    assert.equal(total, count)
  end)

  it("have credentials that are wrong, and what ges makes of them", function()
    local seen = 0
    for _, cells in ipairs(rows_of "Faults") do
      local named = {}
      local first = #cells == 3 and cells[1] or ""
      for word in first:gmatch("`([^`]+)`") do named[#named + 1] = word end
      local opts = server:options { job_id = "none", retries = 0 }
      if cells[1]:find("access key", 1, true) then
        opts.token, opts.ak = nil, named[1]
        opts.sk = cells[1]:find("other secret", 1, true) and "wrong" or "sim-secret-key"
      else
        opts.token = named[1] or "other"
      end
      if #cells == 3 and cells[1] ~= "credentials" then
        seen = seen + 1
        local _, _, info = ges.job_status(opts)
        assert.equal(cells[3], "`" .. info.kind .. "`", cells[1])
        assert.equal(cells[2]:match("%d+ [%w.]+"), info.http_status .. " " .. info.code, cells[1])
      end
    end
    assert.equal(8, seen)
  end)
end)
