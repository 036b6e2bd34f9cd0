-- ges in nginx's stream module: the phases that can wait, and one that cannot. Left out aloud where
-- there is no ngx_stream_lua_module.so: OpenResty has it built in, Debian does not package it.

local kit = require("ngx_kit")
local socket = require("socket")

-- nginx runs LuaJIT, whatever runs the specs: once is enough.
if not rawget(_G, "jit") then return end

local STREAM = "ngx_stream_lua_module"

local function has_stream()
  local _, found = kit.modules({ STREAM })
  return found == 1 or kit.run("nginx -V"):find("stream%-lua%-nginx%-module") ~= nil
    or kit.run("nginx -V"):find("ngx_stream_lua", 1, true) ~= nil
end

-- A line "PHASE ID" is answered with the status of that job, as that phase has asked for it.
local CONFIG = [[
pid nginx.pid;
error_log error.log notice;
events {}
http {
  access_log off;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp;
  uwsgi_temp_path temp; scgi_temp_path temp;
  server { listen 127.0.0.1:%d; location = /ping { return 200; } }
}
stream {
  lua_package_path "%s";
  lua_package_cpath "%s";
  lua_shared_dict notes 1m;
  %s
  server {
    listen 127.0.0.1:%d;
    preread_by_lua_block {
      local job, err = client:job_status({ job_id = "d20-preread" })
      ngx.ctx.preread = job and job.job_id or err
    }
    content_by_lua_block {
      local sock = assert(ngx.req.socket(true))
      local phase, id = assert(sock:receive("*l")):match("^(%%S+) (%%S+)$")
      local notes = ngx.shared.notes
      local function ask()
        local job, err = client:wait({ job_id = id })
        return job and job.job_id .. " " .. ngx.get_phase() or err
      end
      if phase == "preread" then return ngx.say(ngx.ctx.preread) end
      if phase == "content" then return ngx.say(ask()) end
      assert(ngx.timer.at(0, function() notes:set(id, ask()) end))
      repeat ngx.sleep(0.01) until notes:get(id)
      ngx.say(notes:get(id))
    }
    log_by_lua_block {
      local ok, why = pcall(client.job_status, client, { job_id = "d0-log" })
      ngx.log(ngx.NOTICE, "in log: ", tostring(ok), " ", tostring(why))
    }
  }
}
]]

describe("ges in nginx's stream module", function()
  if not has_stream() then
    pending("is not tried out here: there is no " .. STREAM .. ".so")
    return
  end
  teardown(kit.cleanup)

  it("waits in preread, content and timers, and not in log", function()
    local backend, port = kit.backend(), kit.free_port()
    local server = kit.start({
      modules = (kit.modules({ "ndk_http_module", "ngx_http_lua_module", "ngx_stream_module",
        STREAM })),
      config = function(http)
        return CONFIG:format(http, kit.for_luajit(package.path), kit.for_luajit(package.cpath),
          kit.client(backend.url), port)
      end,
    })
    local function ask(phase, id)
      local sock = assert(socket.connect("127.0.0.1", port))
      sock:settimeout(20)
      assert(sock:send(phase .. " " .. id .. "\n"))
      local line = sock:receive("*l")
      sock:close()
      return line
    end
    assert.equal("d20-preread", ask("preread", "d20-x"))
    assert.equal("d20-x content", ask("content", "d20-x"))
    assert.equal("d20-y timer", ask("timer", "d20-y"))
    assert.is_truthy(kit.wait_until(20, function()
      return server:log():find("in log: false ges: nginx cannot wait in its phase log", 1, true)
    end), server:log())
    server:stop()
    assert.same({}, server:complaints())
  end)
end)
