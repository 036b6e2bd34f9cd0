-- How a failure names the proxy at which it happened: by its host and port, and by the variable
-- that it is from. Nothing listens at these addresses. Variables are for a process of its own.

local child = require("child")
local kit = require("core_kit")

local CLEAN = "env -u http_proxy -u https_proxy -u HTTPS_PROXY -u all_proxy -u ALL_PROXY "
  .. "-u no_proxy -u NO_PROXY "

-- What a call through `proxy` says, which has to fail to connect.
local function said(proxy, extra)
  local options = { proxy = proxy }
  for name, value in pairs(extra or {}) do options[name] = value end
  local endpoint = options.endpoint or "https://ges.invalid"
  return select(2, kit.fails("connect", endpoint, options)).message
end

local function begins(text, with)
  assert.equal(with, text:sub(1, #with), text)
end

describe("core: a proxy that is not there", function()
  after_each(kit.cleanup)

  it("is named whatever its scheme is", function()
    for _, scheme in ipairs { "http://", "https://", "socks4://", "socks4a://", "socks5://",
      "socks5h://", "" } do
      begins(said(scheme .. "127.0.0.77:1"), "proxy 127.0.0.77:1: ")
    end
  end)

  it("is named with the port that libcurl takes where there is none", function()
    begins(said("http://127.0.0.77"), "proxy 127.0.0.77:1080: ")
    begins(said("socks5://127.0.0.77"), "proxy 127.0.0.77:1080: ")
  end)

  it("is named by the variable that it is from", function()
    for _, name in ipairs { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" } do
      local text = child.good([[
        local kit = require("core_kit")
        io.write(select(2, kit.fails("connect", "https://ges.invalid")).message)]],
        { before = CLEAN .. name .. "=http://127.0.0.77:1" })
      begins(text, "proxy 127.0.0.77:1 of " .. name .. ": ")
    end
  end)

  it("is named where the server has its address, unless a host may be excepted", function()
    local extra = { endpoint = "https://127.0.0.77:1", no_proxy = "" }
    begins(said("http://127.0.0.77:1", extra), "proxy 127.0.0.77:1: ")
  end)
end)

describe("core: a proxy that wants a password", function()
  after_each(kit.cleanup)

  it("says where to give it", function()
    local proxy = kit.replying(407, "no")
    local _, info = kit.fails("proxy", "https://ges.invalid", { proxy = proxy:url() })
    begins(info.message, ("proxy 127.0.0.1:%d: give user and password in its URL: "):format(
      proxy:port()))
  end)

  it("is not what a proxy that forbids says", function()
    local proxy = kit.replying(403, "no")
    local _, info = kit.fails("proxy", "https://ges.invalid", { proxy = proxy:url() })
    assert.is_nil(info.message:find("password", 1, true), info.message)
  end)
end)
