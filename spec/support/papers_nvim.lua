-- SPDX-License-Identifier: MIT
-- How the blocks for Neovim of README.md, of doc/neovim.md and of Neovim's help are run: in a
-- headless Neovim that has the plugin in a folder, with the jobs, the project and the graph of the
-- simulator put in. The folder belongs to nvim_kit. For spec/papers/blocks_spec.lua.

local assert = require("luassert")
local kit = require("nvim_kit")
local site = require("papers_site")

local nvim = {}

local put = site.put

local HEAD = [[
local notices, printed, job = {}, {}, os.getenv("JOB")
vim.notify = function(text) notices[#notices + 1] = text end
print = function(...) printed[#printed + 1] = table.concat({ ... }, " ") end
local function await(test)
  assert(vim.wait(30000, test, 5), vim.inspect({ notices, printed }))
end
local function noticed(piece)
  await(function() return table.concat(notices, "\n"):find(piece, 1, true) end)
end
]]

-- Runs Lua text in Neovim. `env` is put over what the papers expect to be set.
local function run(body, env)
  local all = { GES_REGION = "cn-north-4", GES_PROJECT_ID = site.project, JOB = site.job(),
    GES_GRAPH_ID = site.graph, GES_TOKEN = site.token, PATH = site.env.PATH,
    HUAWEICLOUD_SDK_REGION_GES_CN_NORTH_4 = site.sim.url }
  for name, value in pairs(env or {}) do all[name] = value end
  local status, output = kit.nvim(HEAD .. body, { env = all })
  assert.equal("0 ", status .. " " .. output, body)
end

-- Lua text with a stand-in for what its reader's file has defined; what it returns.
local function evaluate(code, env)
  local chunk = assert(loadstring(code))
  return setfenv(chunk, env)()
end

-- What a manager of plugins does with this command after its clone.
local function build(command)
  site.good("git clone URL plugin && cd plugin && " .. command .. " && test -e lua/ges/core.so")
  site.shell("rm -rf " .. site.here .. "/plugin")
end

local function lazy(block)
  local spec = evaluate("return " .. block.code, {})
  assert.same({ url = "URL", name = "ges", build = spec.build, cmd = "Ges", lazy = true }, spec)
  build(spec.build)
end

local function packer(block)
  local spec
  evaluate(block.code, { use = function(given) spec = given end })
  assert.same({ "URL", as = "ges", run = spec.run }, spec)
  build(spec.run)
end

-- Settings: a call finds its job with them, and with what the environment has besides.
local function settings(block)
  local code = block.code:gsub('project_id = "[^"]*"', ('project_id = "%s"'):format(site.project))
    :gsub('graph_id = "[^"]*"', ('graph_id = "%s"'):format(site.graph))
  run(code .. [[
    require("ges.nvim").job_status({ job_id = job }, function(found, err)
      notices[1] = found and found.status or err
    end)
    noticed("success")
  ]], { GES_TOKEN = code:find("token =", 1, true) and "another-token" or nil })
end

-- Line by line, as a person types them.
local function typed(block)
  local body, lines = "", put(put(block.code, "1a2b3c", site.job()), "other/4d5e6f",
    ("%s/%s"):format(site.graph, site.job("failed")))
  for line in lines:gmatch("[^\n]+") do
    local word = line:match("^:Ges (%l+)")
    body = body .. ({
      wait = 'vim.cmd(%q)\nnoticed(": success")\n',
      status = 'vim.cmd(%q)\nnoticed(": failed")\n',
      cancel = 'vim.cmd("Ges wait " .. os.getenv("LONG"))\nnoticed(": running")\nvim.cmd(%q)\n'
        .. 'await(function() return require("ges.nvim").statusline() == "" end)\n',
      jobs = 'vim.cmd(%q)\nawait(function() return vim.fn.search(job) > 0 end)\n'
        .. 'assert(vim.tbl_contains(vim.fn.getcompletion("Ges wait ", "cmdline"),'
        .. ' os.getenv("GES_GRAPH_ID") .. "/" .. job))\n',
      log = 'vim.cmd(%q)\nassert(vim.fn.search("wait ends: success") > 0)\n',
    })[word]:format(line)
  end
  run(body .. 'assert(#vim.tbl_filter(function(one) return one:find("which\\\\|no such") end,'
    .. ' notices) == 0, vim.inspect(notices))', { LONG = site.job("success", 60) })
end

local function callback(block)
  run("id = job\n" .. block.code
    .. 'await(function() return printed[1] == "done: success" end)')
  run("id = job\n" .. block.code .. 'noticed("The data files do not match the schema")',
    { JOB = site.job("failed") })
end

local function reload(block)
  run('local nvim, id = require("ges.nvim"), job\n' .. block.code
    .. 'await(function() return vim.fn.bufname():find("schema.xml", 1, true) end)')
end

local function own_client(block)
  run(put(block.code, "%.%.%.", 'region = "cn-north-4", token = os.getenv("GES_TOKEN"),'
    .. ' project_id = os.getenv("GES_PROJECT_ID"), graph_id = os.getenv("GES_GRAPH_ID")') .. [[
    require("ges.nvim").job_status({ job_id = job }, function(found, err)
      notices[1] = found and found.status or err
    end)
    noticed("success")
  ]])
end

local IDS = [[
p, g, j = os.getenv("GES_PROJECT_ID"), os.getenv("GES_GRAPH_ID"), job
]]

local function in_coroutine(block)
  local code = block.code:gsub("%.%.%.", "project_id = p, graph_id = g, job_id = j")
  run(IDS .. code .. [[
    await(function() return printed[1] == "success" or vim.fn.bufname() == "report.md" end)]])
end

-- Both ways in which a call leaves the editor free: it returns before there is an answer, and a
-- notice of each comes later.
local function both_ways(block)
  local code, count = block.code:gsub('job_id = "[^"]*"', ('job_id = "%s"'):format(site.job()))
  assert.equal(1, count)
  run(code .. [[
    assert(#notices == 0)
    await(function() return #notices == 2 end)
    assert(notices[1] == "success" and notices[2] == "success", vim.inspect(notices))]])
end

-- The line while a job is waited for, with the percent signs of its text as they are.
local function statusline(block)
  run(block.code .. [[
    local function shown() return vim.api.nvim_eval_statusline(vim.o.statusline, {}).str end
    assert(not shown():find("ges", 1, true))
    require("ges.nvim").wait({ job_id = job }, function() end)
    await(function() return shown():find("ges " .. job:sub(1, 4), 1, true) end)
  ]], { JOB = site.job("success", 60) })
end

-- A command line of Neovim in a sentence.
local function typed_line(line)
  local name = line:match("^:help (.*)$")
  local body = ("vim.cmd(%q)\n"):format("silent " .. line:gsub("JOB", site.job()))
  if name then
    body = ("vim.cmd('helptags %s/doc')\n%sassert(vim.fn.getline('.'):find(%q, 1, true))"):format(
      kit.dir, body, "*" .. name .. "*")
  elseif line:find("checkhealth", 1, true) then
    body = body .. [[
      local text = table.concat(vim.fn.getline(1, "$"), "\n")
      assert(text:find("OK:? ges %d") and not text:find("ERROR"), text)]]
  else
    body = body .. 'noticed(": success")'
  end
  run(body)
end

-- As in papers_shell.
nvim.blocks = {
  { "README.md", "In Neovim and nginx", both_ways },
  { "doc/neovim.md", "Install", lazy, "{ url" },
  { "doc/neovim.md", "Install", packer, "use {" },
  { "doc/neovim.md", "Configure", settings },
  { "doc/neovim.md", "Use", typed, ":Ges" },
  { "doc/neovim.md", "Use", callback, "local nvim" },
  { "doc/neovim.md", "Use", in_coroutine, "coroutine.wrap" },
  { "doc/neovim.md", "Use", statusline, "vim.o" },
  { "doc/ges.txt", "SET-UP", settings },
  { "doc/ges.txt", "CONFIGURATION", own_client },
  { "doc/ges.txt", "CREDENTIALS", settings },
  { "doc/ges.txt", "LUA: CALLS WITH A CALLBACK", reload },
  { "doc/ges.txt", "LUA: THE CALLS OF GES ITSELF", in_coroutine },
  { "doc/ges.txt", "STATUSLINE", statusline },
}

nvim.commands = {
  { "^:%a", typed_line },
}

return nvim
