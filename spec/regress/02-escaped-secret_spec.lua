-- A secret that holds a backslash or a percent sign was not recognised when it came back escaped,
-- in JSON or in a URL. Found by the fuzzer of bodies.

local core = require("ges.core")
local kit = require("core_kit")

local function in_json(secret)
  return (secret:gsub('[\\"/]', "\\%0"))
end

local function in_code(secret)
  return (secret:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end))
end

local function in_url(secret)
  return (secret:gsub(".", function(c) return ("%%%02X"):format(c:byte()) end))
end

describe("regress: a secret with a character that begins an escape", function()
  after_each(kit.cleanup)

  local secrets = { "a\\\\b\"c//d%e\\n%41<f>", "%25%25%25%25%25%25", "\\\\\\\\\\\\\\\\", "p\\w%2" }

  it("is redacted in every form", function()
    for _, secret in ipairs(secrets) do
      for _, form in ipairs { tostring, in_json, in_code, in_url } do
        assert.same("<<redacted>>", core.redact("<" .. form(secret) .. ">", secret))
      end
    end
  end)

  it("is not in a job that shows it", function()
    for _, secret in ipairs(secrets) do
      for _, form in ipairs { in_json, in_code } do
        local server = kit.replying(200, ('{"status":"running","fail_reason":"%s"}')
          :format(form(secret)))
        local job = assert(kit.ask(server, { token = secret }))
        assert.same("<redacted>", job.fail_reason)
        kit.cleanup()
      end
    end
  end)
end)
