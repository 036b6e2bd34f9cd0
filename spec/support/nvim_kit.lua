-- nvim_kit: runs a piece of Lua in a headless Neovim, or a program in a plain Lua. For specs only.
-- Owns a temporary folder laid out as an installed plugin, from `install` to `remove`.

local place = require "place"

local nvim_kit = {}

local root = debug.getinfo(1, "S").source:match("^@(.-)spec/support/nvim_kit%.lua$")
root = root == "" and "." or root

-- Wraps a piece: in 0.7 an error in luafile does not show in the exit status.
local FORM = [[
%s
local ok, why = xpcall(function()
%s
end, debug.traceback)
if not ok then
  io.stderr:write("\nFAILED: ", tostring(why), "\n")
  vim.cmd("cquit 1")
end
vim.cmd("qall!")
]]

local NO_ROCK = 'package.preload.cjson = function() error("no rock here") end'

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- Runs a shell command: its exit status, and all it printed but for white space at the end.
function nvim_kit.shell(command)
  local pipe = assert(io.popen("(" .. command .. "\n) 2>&1; printf '\\n%d\\n' $?"))
  local output, status = pipe:read("*a"):match("^(.-)\n(%d+)\n$")
  pipe:close()
  return tonumber(status), (output:gsub("%s+$", ""))
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- Makes the plugin's folder.
---@return string dir
function nvim_kit.install()
  local status, dir = nvim_kit.shell("mktemp -d")
  assert(status == 0, dir)
  local core = quote((os.getenv("GES_BUILD") or "build") .. "/5.1/ges/core.so")
  local form = "cd %s && cp -r lua plugin doc %s && cp %s %s/lua/ges/core.so"
  local output
  status, output = nvim_kit.shell(form:format(quote(root), dir, core, dir))
  assert(status == 0, output)
  nvim_kit.dir = dir
  return dir
end

function nvim_kit.remove()
  nvim_kit.shell("rm -rf -- " .. quote(nvim_kit.dir))
end

local function environment(vars)
  local words = { "env", "-u", "GES_TOKEN", "-u", "GES_ENDPOINT", "-u", "GES_REGION", "-u",
    "GES_PROJECT_ID", "-u", "GES_GRAPH_ID", "HOME=" .. nvim_kit.dir }
  for name, value in pairs(vars or {}) do words[#words + 1] = quote(name .. "=" .. value) end
  return table.concat(words, " ")
end

--- Runs a piece of Lua in Neovim, with the plugin loaded.
---@param body string
---@param opts? { rock?: boolean, env?: table<string, string>, seconds?: integer }
---@return integer status of Neovim
---@return string output
function nvim_kit.nvim(body, opts)
  opts = opts or {}
  local file = nvim_kit.dir .. "/piece.lua"
  write(file, FORM:format(opts.rock == false and NO_ROCK or "", body))
  return nvim_kit.shell(("cd %s && %s timeout %d sh tools/with.sh 5.1 nvim --headless -u NONE"
    .. " -i NONE -n --cmd 'set rtp^=%s' -c 'runtime plugin/ges.lua' -c 'luafile %s' </dev/null")
    :format(quote(root), environment(opts.env), opts.seconds or 120, nvim_kit.dir, file))
end

--- Runs a program in the Lua that runs the specs.
---@param body string
---@return integer status
---@return string output
function nvim_kit.lua(body)
  local jit = rawget(_G, "jit")
  local _, file = nvim_kit.shell("mktemp")
  write(file, body)
  local form = "cd %s && timeout 120 sh tools/with.sh %s %s %s </dev/null"
  local abi, program = jit and "5.1" or "5.4", jit and "luajit" or "lua5.4"
  local status, output = nvim_kit.shell(form:format(quote(root), abi, program, file))
  os.remove(file)
  return status, output
end

return place.tell("nvim_kit.", nvim_kit, { "install", "nvim", "lua" })
