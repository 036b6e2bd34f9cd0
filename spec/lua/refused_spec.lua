-- Values that may come from a user and are refused: kind `argument`, named, never quoted, and
-- nothing was sent. (Endpoints, ids and paths: url_spec.)

local kit = require("core_kit")

describe("core: a refused value:", function()
  local server

  before_each(function()
    server = kit.replying(200, kit.running)
  end)

  after_each(function()
    assert.same(0, server:accepted())
    assert.same(0, server:bytes())
    kit.cleanup()
  end)

  local function refused(option, value, extra)
    local opts = { [option] = value }
    for name, v in pairs(extra or {}) do
      opts[name] = v
    end
    local err, info = kit.fails("argument", server, opts)
    assert.is_truthy(info.message:find("^" .. option .. " "), info.message)
    assert.is_truthy(err:find(option, 1, true))
    assert.is_false(info.retryable)
    if #value >= 8 and #value < 10000 then
      assert.is_false(kit.shows(err, value, 8), err)
      assert.is_false(kit.shows(info.message, value, 8))
    end
    return info.message
  end

  -- Every value that no secret may have: whatever is not visible ASCII, anywhere in it.
  local function each_bad_secret(check)
    for byte = 0, 255 do
      if byte < 0x21 or byte > 0x7E then
        local c = string.char(byte)
        check(c .. "0123456789abcdef")
        check("01234567" .. c .. "89abcdef")
        check("0123456789abcdef" .. c)
      end
    end
    check("")
    check(" ")
    check("0123456789abcdef\r\nX-Evil: 1")
    check("0123456789abcdef\226\128\139")
  end

  describe("token", function()
    it("with any byte that is not visible ASCII", function()
      each_bad_secret(function(token)
        refused("token", token)
      end)
    end)

    it("with such a byte anywhere in a long one", function()
      for n = 0, 299 do
        refused("token", ("x"):rep(n) .. "\n" .. ("x"):rep(299 - n))
      end
    end)

    it("with the newline that `cat` leaves, which it names", function()
      assert.is_truthy(refused("token", "0123456789abcdef\n"):find("newline", 1, true))
    end)

    it("longer than 128 KiB, at once #timed", function()
      refused("token", ("x"):rep(131073))
      assert.is_true(kit.cpu_seconds(refused, "token", ("x"):rep(10000000)) < 0.5)
    end)
  end)

  describe("keys", function()
    local keys = { token = false, ak = "AK0123456789", sk = "SK0123456789",
      security_token = "ST0123456789" }

    it("with any byte that is not visible ASCII", function()
      for option in pairs(keys) do
        if option ~= "token" then
          each_bad_secret(function(value)
            local extra = {}
            for name, v in pairs(keys) do
              if name ~= option then
                extra[name] = v
              end
            end
            refused(option, value, extra)
          end)
        end
      end
    end)

    it("of any length are an answer, never a throw", function()
      for _, n in ipairs { 5000, 20000, 131072, 131073, 1000000 } do
        refused("ak", ("a"):rep(n), { token = false, sk = "SK0123456789" })
      end
      refused("sk", ("s"):rep(131073), { token = false, ak = "AK0123456789" })
      refused("security_token", ("t"):rep(131073),
        { token = false, ak = "AK0123456789", sk = "SK0123456789" })
    end)
  end)

  it("language that is not one of the two", function()
    for _, value in ipairs { "", "en", "EN-US", "en_US", "en-us ", " en-us", "zh", "zh-cn\0",
      "en-us\0\r\nX-Evil: 1", "en-us\r\nX-Evil: 1", "de-de" } do
      refused("language", value)
    end
  end)

  describe("file", function()
    it("that no file can have as its name", function()
      for _, option in ipairs { "ca_file", "ca_path", "client_cert", "client_key" } do
        for _, value in ipairs { "", "\0", "/tmp/a\0.pem", "/tmp/a\n", "/tmp/\27[2J", "\127",
          ("a"):rep(4097) } do
          refused(option, value)
        end
      end
    end)
  end)

  describe("proxy", function()
    it("with a control byte, or too long", function()
      for _, value in ipairs { "\0", "\0http://127.0.0.1:1", "http://p\0", "http://p\r\nX: y",
        "http://user:password@p\n", ("p"):rep(4097) } do
        refused("proxy", value)
        refused("no_proxy", value)
      end
    end)
  end)

  it("header with a control byte", function()
    for byte = 0, 255 do
      if (byte < 0x20 or byte == 0x7F) and byte ~= 9 then
        local c = string.char(byte)
        for _, value in ipairs { c .. "01234567", "0123" .. c .. "4567", "01234567" .. c } do
          local _, info = kit.fails("argument", server, { path = "/x",
            headers = { ["X-Mark"] = value } })
          assert.equal("header 'X-Mark' contains a control character", info.message)
        end
      end
    end
  end)

  describe("method", function()
    it("that is not one of the six, in capitals", function()
      for _, method in ipairs { "", "get", "Get", "TRACE", "CONNECT", "OPTIONS", "GET\0", "GET ",
        "GET / HTTP/1.1\r\nX: y", "GETX" } do
        refused("method", method, { path = "/x" })
      end
    end)
  end)

  it("reaches nothing when a call is only queued", function()
    local client = kit.client()
    local id, err, info = client:start(kit.options(server, { token = "a b" }))
    assert.is_nil(id)
    kit.check(nil, err, info)
    assert.same("argument", info.kind)
    assert.same(0, client:step(0))
    assert.is_nil((client:poll()))
  end)
end)
