-- ges.cli.words: what the library says of an option, in the words of the command line.

local kit = require "cli_kit"
local options = require "ges.cli.options"
local words = require "ges.cli.words"

-- A value for each option that the command hands to the library which one of the two refuses.
local BAD = {
  endpoint = "https://host?query", region = "no/such", cloud = "x", project_id = "a/b",
  graph_id = "a/b", token_file = "/no/such/file", timeout = "soon", interval = "0", accept = "x",
  on_unknown = "x", not_found_grace = "2d", max_in_flight = "0", max_rate = "0", retries = "101",
  request_timeout = "0", connect_timeout = "2d", ca_file = "\1", ca_path = "\1",
  client_cert = "\1", client_key = "\1", no_verify = "maybe", proxy = "\1", no_proxy = "\1",
  iam_endpoint = "http://192.0.2.1", project = "a\1",
  insecure_http = "maybe", max_response_bytes = "0", language = "de", running = "maybe",
  graph_name = "a\1", status = "done", start_time = "soon", limit = "0",
}

-- Values that the library's texts know by a word of the language.
local BY_WORD = { region = "the region", cloud = "the cloud", token_file = "the token file" }

-- Runs the command that has this group, with a bad value of its row, by the flag or the variable:
-- what it says.
local function complaint(group, row, by_flag)
  local args, env = { group == "once" and "status" or "wait", "j" }, {}
  if group == "listing" then args = { "jobs" } end
  if by_flag then
    args[#args + 1] = row.flag .. "=" .. BAD[row.name]
  else
    env[row.env] = BAD[row.name]
  end
  if group == "many" then args[#args + 1] = "k" end
  if row.name == "cloud" then args[#args + 1] = "--region=cn-north-4" end
  if row.name == "region" then env.GES_ENDPOINT = false end
  if row.name == "graph_name" then env.GES_GRAPH_ID = false end
  if row.name == "token_file" then env.GES_TOKEN = false end
  if row.name == "project" then
    env.GES_TOKEN, env.HW_ACCESS_KEY, env.HW_SECRET_KEY = false, "a", "s"
  end
  return kit.ges(args, { env = env })
end

describe("a refused value", function()
  setup(kit.start)
  teardown(kit.stop)

  for _, group in ipairs { "where", "waiting", "many", "listing", "once", "transport" } do
    for _, row in ipairs(options.groups[group]) do
      for _, name in ipairs { row.env, row.arg and row.flag } do
        it(("of %s is reported by the name it was given by (%s)"):format(name, group), function()
          assert.truthy(BAD[row.name], row.name .. " needs a value that is refused")
          local seen = complaint(group, row, name == row.flag)
          assert.equal(row.name == "token_file" and 4 or 2, seen.code, seen.err)
          assert.truthy(seen.err:find(name, 1, true)
            or seen.err:find(BY_WORD[row.name] or name, 1, true), seen.err)
          assert.is_nil(seen.err:find("'" .. row.name .. "'", 1, true))
          assert.is_nil(row.name:find("_") and seen.err:find("%f[%w_]" .. row.name .. "%f[^%w_]"))
        end)
      end
    end
  end

  it("of a job is reported as the JOB of the usage, in every form", function()
    assert.matches("^ges: argument: JOB may contain only", kit.ges({ "status", "a/b" }).err)
    assert.matches("^ges: argument: JOB may contain only", kit.ges({ "watch", "a/b" }).err)
    assert.matches("\nges: job a/b: argument: JOB may",
      "\n" .. kit.ges({ "wait", "a/b", "c/d" }).err)
    local seen = kit.ges({ "status", "-o", "json", "a/b" })
    assert.matches('"message": "JOB may contain only', seen.out)
  end)

  it("is reported by doctor in the same words", function()
    assert.matches("argument: %-%-endpoint contains user information",
      kit.ges({ "doctor", "--endpoint", "https://me@host" }).out)
    assert.matches("argument: %-%-endpoint is http.*or set %-%-insecure%-http\n",
      kit.ges({ "doctor", "--endpoint", "http://no.such.invalid" }).out)
    local seen = kit.ges({ "doctor", "--connect-timeout", "0" })
    assert.matches("ges: %-%-connect%-timeout must be a number from", seen.err)
    assert.equal(2, seen.code)
  end)
end)

describe("ges.cli.words.translate", function()
  local names = words.names({ values = {}, flags = {} })
  local function translate(text, kind) return words.translate(text, kind, names) end

  it("names the variable of a value that no flag has given", function()
    local mine = words.names({ values = { graph_id = "g", endpoint = "e", no_verify = true },
      flags = { endpoint = "e" } })
    assert.equal("check --endpoint and GES_GRAPH_ID",
      words.translate("check endpoint and graph_id", nil, mine))
    assert.equal("GES_NO_VERIFY: the server's identity is not verified",
      words.translate("verify = false: the server's identity is not verified", nil, mine))
    assert.equal("GES_GRAPH_ID may contain only a-z",
      words.translate("graph_id may contain only a-z", "argument", mine))
  end)

  it("knows what a text marks as an option", function()
    assert.equal("--interval must be more",
      translate "ges.wait: option 'interval' must be more")
    assert.equal("give only one of --endpoint, --region",
      translate "ges.wait: give only one of endpoint, region")
    assert.equal("--no-verify: the server's identity is not verified",
      translate "verify = false: the server's identity is not verified")
    assert.equal("ges: argument: --endpoint is http://; set --insecure-http",
      translate("ges: argument: endpoint is http://; set insecure_http = true", "argument"))
    assert.equal("a login needs a project: set --project, --project-name or --region",
      translate("a login needs a project: set project_id, project or region", "credentials"))
  end)

  it("leaves other words alone", function()
    for _, text in ipairs { "the timeout of the endpoint", "option 'resume' is empty",
      "ges: timeout: no answer", "not_an_option", "ges: argument: this is wrong",
      "cannot use /etc/ca_file", "my.ca_file", "ca_file.x", "ca_file/x", "-ca_file", "'graph_id'",
      "check it and region" } do
      assert.equal(text, translate(text, "argument"))
    end
    assert.equal("job_id is no option here", translate "job_id is no option here")
  end)

  it("says twice what it says once", function()
    for _, text in ipairs { "option 'project_id' is missing", "proxy contains a blank",
      "ges: argument: proxy contains a blank", "verify = false" } do
      local once = translate(text, "argument")
      assert.equal(once, translate(once, "argument"))
    end
  end)

  it("has no part in what the service says", function()
    kit.start()
    local body = '{"error_code":"GES.8301","error_msg":"no job_id like option \'graph_id\'"}'
    local url = kit.answering(require("wire").reply(400, body))
    assert.matches("no job_id like option 'graph_id'",
      kit.ges({ "status", "--endpoint", url, "j" }).err)
    kit.stop()
  end)
end)
