-- Every block of code and every command line in README.md, in doc/, in Neovim's help and in the
-- manual pages runs as it is written, against the simulator. What runs one stands in
-- spec/support/papers_{shell,nginx,nvim,lua}.lua, by its file and heading; a block or a command
-- line that none of them knows fails here.

local kit = require("ngx_kit")
local nvim_kit = require("nvim_kit")
local papers = require("papers")
local site = require("papers_site")

-- What a shell reads is run on Lua 5.4, what nginx and Neovim read on LuaJIT, which is theirs; what
-- Lua reads, on both.
local ROOMS = {
  { rules = require("papers_shell"), on = "lua5.4" },
  { rules = require("papers_nginx"), on = "luajit" },
  { rules = require("papers_nvim"), on = "luajit" },
  { rules = require("papers_lua") },
}

local function all_blocks()
  local all = {}
  local function add(list)
    for _, block in ipairs(list) do all[#all + 1] = block end
  end
  for _, path in ipairs(papers.list()) do add(papers.blocks(path)) end
  add(papers.help("doc/ges.txt"))
  add(papers.manual("doc/man/ges.1", "sh"))
  add(papers.manual("doc/man/ges.3", "lua"))
  return all
end

local function covers(rule, block)
  return rule[1] == block.file and rule[2] == block.heading
    and (not rule[4] or block.first:sub(1, #rule[4]) == rule[4])
end

-- The function that runs a block, the Lua to run it on if it is one only, and its rule.
local function runner(block)
  for _, room in ipairs(ROOMS) do
    for _, rule in ipairs(room.rules.blocks) do
      if covers(rule, block) then return rule[3], room.on, rule end
    end
  end
end

local function command_runner(command)
  for _, room in ipairs(ROOMS) do
    for _, rule in ipairs(room.rules.commands) do
      if command.code:find(rule[1]) then return rule[2], room.on, rule end
    end
  end
end

-- Runs one, unless it is the other Lua's turn. A reason why it cannot be tried comes back.
local function define(name, run, on, what)
  if on and on ~= site.lua then return end
  it(name, function()
    local why = run(what)
    if why then pending("is not tried out here: " .. why) end
  end)
end

describe("the papers", function()
  local used, blocks, commands = {}, all_blocks(), {}
  for _, path in ipairs(papers.list()) do
    for _, command in ipairs(papers.commands(path)) do commands[#commands + 1] = command end
  end

  setup(function()
    site.open()
    nvim_kit.install()
  end)

  teardown(function()
    kit.cleanup()
    nvim_kit.remove()
    site.close()
  end)

  it("have no block that no rule of this spec runs", function()
    for _, block in ipairs(blocks) do
      assert.is_truthy(runner(block), ("%s, under '%s': a block (%s) that begins with '%s'")
        :format(block.file, block.heading, block.kind, block.first))
    end
  end)

  it("have no command line that no rule of this spec runs", function()
    for _, command in ipairs(commands) do
      assert.is_truthy(command_runner(command), command.file .. ": `" .. command.code .. "`")
    end
  end)

  for _, block in ipairs(blocks) do
    local run, on, rule = runner(block)
    if run then
      used[rule] = true
      define(("%s, %s: %s"):format(block.file, block.heading, block.first), run, on, block)
    end
  end

  for _, command in ipairs(commands) do
    local run, on, rule = command_runner(command)
    if run then
      used[rule] = true
      define(("%s: `%s`"):format(command.file, command.code), run, on, command.code)
    end
  end

  it("have a block or a command line for each rule", function()
    for _, room in ipairs(ROOMS) do
      for _, list in ipairs({ room.rules.blocks, room.rules.commands }) do
        for _, rule in ipairs(list) do
          assert.is_true(used[rule], table.concat({ rule[1], tostring(rule[2]) }, ": "))
        end
      end
    end
  end)
end)
