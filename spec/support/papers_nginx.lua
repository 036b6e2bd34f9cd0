-- SPDX-License-Identifier: MIT
-- How the blocks of doc/openresty.md are run: pasted into an nginx.conf that holds nothing else,
-- with these replacements: the port, on loopback; where `make install` put ges; nginx's own files
-- (pid, temporary files), which are in the folder; and the variable that names the simulator. The
-- servers belong to ngx_kit. For spec/papers/blocks_spec.lua.

local assert = require("luassert")
local kit = require("ngx_kit")
local papers = require("papers")
local site = require("papers_site")
local socket = require("socket")

local nginx = {}

local put = site.put

local STREAM = "ngx_stream_lua_module"

local OWN = [[
  access_log off;
  client_body_temp_path %s/temp; proxy_temp_path %s/temp; fastcgi_temp_path %s/temp;
  uwsgi_temp_path %s/temp; scgi_temp_path %s/temp;
]]

-- The command line of the paper that installs for LuaJIT.
local function installed()
  for _, command in ipairs(papers.commands("doc/openresty.md")) do
    if command.code:find("^make install%-modules ") then return site.install(command.code) end
  end
  error("doc/openresty.md does not say how to install")
end

local function at_home(text, port, dir)
  text = put(text, "/usr/local", installed() .. "/usr/local")
  text = put(text, "listen [%d.:]+;", ("listen 127.0.0.1:%d;"):format(port))
  text = text:gsub("\nhttp {\n", "%0" .. OWN:gsub("%%s", dir))
  return ("pid %s/nginx.pid;\nenv HUAWEICLOUD_SDK_REGION_GES_EU_WEST_101;\n"):format(dir) .. text
end

local function environment()
  return site.words({ GES_TOKEN = site.token, GES_PROJECT_ID = site.project })
end

local function listens(server)
  local sock = socket.connect("127.0.0.1", server.port)
  return sock and sock:close()
end

-- The first block of the paper, with more locations.
local function serve(text, locations)
  text = put(text, "\n    location ", "\n" .. (locations or ""):gsub("%%", "%%%%") .. "%0")
  return kit.start({ bare = true, command = environment(), ready = listens,
    config = function(port, dir) return at_home(text, port, dir) end })
end

local function ends_well(server)
  server:stop()
  assert.same({}, server:complaints())
end

local function first_block()
  for _, block in ipairs(papers.blocks("doc/openresty.md")) do
    if block.kind == "nginx" then return block.code end
  end
end

local function http(block)
  local server = serve(block.code)
  local status, body = server:get(("/jobs/%s/%s"):format(site.graph, site.job("failed")))
  assert.same({ 200, "failed\n" }, { status, body })
  ends_well(server)
end

local function ask(block)
  local server = serve(first_block())
  local line = put(put(put(block.code, "8080", tostring(server.port)), "GRAPH", site.graph), "JOB",
    site.job())
  assert.equal("success", (site.good(line)))
  ends_well(server)
end

-- In front of what is started with -p: the block above, and the gateway.
local function in_front(block)
  local missing = kit.modules():gsub("[^\n]+", function(line)
    return block.code:find(line, 1, true) and "" or nil
  end):find("%S")
  if missing or kit.modules() == "" then return "nginx's Lua module is elsewhere here" end
  local bare = put(first_block(), "include [^\n]*", (block.code:gsub("%%", "%%%%")))
  local server = kit.start({ modules = "", command = environment(), ready = listens,
    config = function(port, dir) return at_home(bare, port, dir) end })
  local _, body = server:get(("/jobs/%s/%s"):format(site.graph, site.job()))
  assert.equal("success\n", body)
  ends_well(server)
  local gateway = kit.start({ from = papers.top .. "/examples/openresty", modules = block.code,
    command = ("GES_TOKEN=%s GES_PROJECT_ID=%s GES_ENDPOINT=%s"):format(site.token, site.project,
      site.sim.url),
    config = function(port)
      return papers.read("examples/openresty/nginx.conf"):gsub("8088", port)
        :gsub("gateway%.pid", "nginx.pid"):gsub("gateway%.log", "error.log")
    end })
  _, body = gateway:get(("/jobs/%s/%s"):format(site.graph, site.job()))
  assert.is_truthy(body:find('"status":"success"', 1, true), body)
  ends_well(gateway)
end

-- A fragment in a request that knows `graph` and `job_id`.
local function within(code)
  return ([[
    location = /fragment {
      content_by_lua_block {
        local graph, job_id = ngx.var.arg_graph, ngx.var.arg_job
        %s
        ngx.say(job and job.status or err or "begun")
      }
    }]]):format(code)
end

local function fragment(server, job)
  return select(2, server:get(("/fragment?graph=%s&job=%s"):format(site.graph, job)))
end

local function timer(block)
  local server, job = serve(first_block(), within("local job, err\n" .. block.code)), site.job()
  assert.equal("begun\n", fragment(server, job))
  local url = ("%s/sim/stats?job_id=%s"):format(site.sim.url, job)
  assert.is_truthy(kit.wait_until(20, function()
    return kit.run("curl -s '" .. url .. "'"):find('"job_polls": ?1')
  end), server:log())
  ends_well(server)
end

local function wait(block)
  local code = put(block.code, "%.%.%., ", "graph_id = graph, job_id = job_id, ")
  local server = serve(first_block(), within("local job, err = " .. code))
  assert.equal("success\n", fragment(server, site.job("success", 0.3)))
  ends_well(server)
end

-- Where the module is built in, or not in nginx's folder, its lines are not for this nginx.
local function stream_text(code)
  if kit.run("nginx -V"):find("stream%-lua%-nginx%-module") then
    return (code:gsub("include [^\n]*\nload_module [^\n]*\n", ""))
  end
  local _, found = kit.modules({ STREAM })
  return found == 1 and code or nil
end

local function answer(port, line)
  local sock = assert(socket.connect("127.0.0.1", port))
  sock:settimeout(20)
  sock:send(line .. "\n")
  local said = sock:receive("*l")
  sock:close()
  return said
end

local function stream(block)
  local text = stream_text(block.code)
  if not text then return "there is no " .. STREAM .. ".so here" end
  local server = kit.start({ bare = true, command = environment(), ready = listens,
    config = function(port, dir) return at_home(text, port, dir) end })
  assert.equal("success", answer(server.port, site.graph .. " " .. site.job()))
  assert.equal("send a line: GRAPH JOB", answer(server.port, "?"))
  ends_well(server)
end

-- As in papers_shell.
nginx.blocks = {
  { "doc/openresty.md", "ges in OpenResty", http, "include" },
  { "doc/openresty.md", "ges in OpenResty", ask, "curl" },
  { "doc/openresty.md", "ges in OpenResty", in_front, "load_module" },
  { "doc/openresty.md", "Phases", timer },
  { "doc/openresty.md", "The stream module", stream },
  { "doc/openresty.md", "Reload and exit", wait },
}

nginx.commands = {}

return nginx
