-- Certificates and a server over TLS for the specs that try each option of trust. Owns a laboratory
-- (tls_lab.lua) from `start` to `stop`; without openssl and nginx there is none.

local ngx_kit = require("ngx_kit")
local tls = require("tls_lab")

local kit = {}

kit.why = "no openssl or no nginx here"

--- The options that cannot be tried without.
kit.needs = { ca_file = true, ca_path = true, client_cert = true, client_key = true, verify = true }

local is_here

--- Starts the servers; returns the addresses and files, or nil where there can be none.
function kit.start()
  local said = ngx_kit.run("openssl version && nginx -v")
  is_here = said:find("OpenSSL", 1, true) and said:find("nginx", 1, true)
  if not is_here then return nil end
  tls.start()
  local folder = tls.path("folder")
  tls.run("mkdir folder empty && cp root.pem folder/ && openssl rehash folder"
    .. " && cat user.pem user.key >both.pem")
  return { good = tls.url("good"), mutual = tls.url("mutual-once"), root = tls.path("root.pem"),
    stranger = tls.path("stranger-root.pem"), folder = folder, empty = tls.path("empty"),
    user = tls.path("user.pem"), user_key = tls.path("user.key"), both = tls.path("both.pem"),
    other = tls.path("good.pem"),
    other_key = tls.path("good.key"), records = tls.records,
    tunnel_to_records = function() return (tls.tunnel(nil, tls.ports.records)) end }
end

function kit.stop()
  if is_here then tls.cleanup() end
end

return kit
