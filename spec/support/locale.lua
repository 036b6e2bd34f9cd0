-- SPDX-License-Identifier: MIT
-- locale: a locale with a decimal comma and without names of months, made by localedef in a folder
-- of its own, from a source and a charmap that are written here: so that no locale has to be
-- installed. A spec runs what needs it in a child, since a locale is of the whole process.
--
--   setup(locale.make)
--   teardown(locale.remove)
--   it("...", function()
--     if locale.missing then return pending(locale.missing) end
--     child.good(code, { before = locale.env })

local child = require("child")

local locale = {
  name = "comma",
  env = nil,        -- words before a command: in its environment, the locale is found
  missing = nil,    -- why there is none
}

local SOURCE = [[
LC_NUMERIC
decimal_point "<U002C>"
thousands_sep "<U002E>"
grouping 3;3
END LC_NUMERIC
]]

local folder

local function charmap()
  local lines = { "<code_set_name> ASCII", "<comment_char> %", "<escape_char> /", "CHARMAP" }
  for code = 0, 127 do lines[#lines + 1] = ("<U%04X> /x%02x"):format(code, code) end
  lines[#lines + 1] = "END CHARMAP\n"
  return table.concat(lines, "\n")
end

local function write(name, text)
  local file = assert(io.open(folder .. "/" .. name, "w"))
  file:write(text)
  file:close()
end

--- Makes the locale, or says in `missing` what there is not.
function locale.make()
  if not child.has("localedef") then
    locale.missing = "no localedef, which the C library brings: no locale with a comma can be made"
    return
  end
  folder = child.shell("mktemp -d")
  write("source", SOURCE)
  write("charmap", charmap())
  -- It warns of every category that the source does not define, and then ends with 1.
  local said = child.shell(("cd %s && localedef -c -f ./charmap -i ./source ./comma")
    :format(folder))
  locale.env = ("env LOCPATH=%s LC_ALL=%s"):format(folder, locale.name)
  local set = child.run("io.write(tostring(os.setlocale('')))", { before = locale.env })
  if set ~= locale.name then
    locale.missing = ("localedef made no locale that this C library takes: %s"):format(said)
  end
end

function locale.remove()
  if folder then os.execute("rm -r " .. folder) end
end

return locale
