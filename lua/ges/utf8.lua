-- SPDX-License-Identifier: MIT
-- utf8: reads bytes that may or may not be UTF-8, one character at a time.
-- Pure; owns nothing. Called by ges.json and the command, which both show what a server sent.

local utf8 = {}

-- The length of a character by its first byte, and the least code point that needs that length
-- (a longer form than needed is not UTF-8: it hides characters from whoever looks for them).
local function lead(byte)
  if byte < 0x80 then return 1, 0, byte end
  if byte >= 0xC2 and byte <= 0xDF then return 2, 0x80, byte - 0xC0 end
  if byte >= 0xE0 and byte <= 0xEF then return 3, 0x800, byte - 0xE0 end
  if byte >= 0xF0 and byte <= 0xF4 then return 4, 0x10000, byte - 0xF0 end
end

--- The character at `at`: its code point and length in bytes. For a byte that begins no
--- well-formed character: nil and 1.
---@param text string
---@param at integer
---@return integer? code
---@return integer length
function utf8.at(text, at)
  local length, least, code = lead(text:byte(at))
  if not length then return nil, 1 end
  for i = at + 1, at + length - 1 do
    local byte = text:byte(i)
    if not byte or byte < 0x80 or byte > 0xBF then return nil, 1 end
    code = code * 64 + byte - 0x80
  end
  if code < least or code > 0x10FFFF or code >= 0xD800 and code <= 0xDFFF then return nil, 1 end
  return code, length
end

--- Rewrites a text: `fn(code, bytes)` says what to put for each character, and gets nil as the
--- code of a byte that is no character.
---@param text string
---@param fn fun(code: integer?, bytes: string): string
---@return string
function utf8.map(text, fn)
  local out, at, n = {}, 1, #text
  while at <= n do
    local code, length = utf8.at(text, at)
    out[#out + 1] = fn(code, text:sub(at, at + length - 1))
    at = at + length
  end
  return table.concat(out)
end

--- Whether a character controls how a terminal or a reader shows the ones around it: C0, DEL, C1,
--- line and paragraph separators, and the marks that turn the direction of text.
---@param code integer
---@return boolean
function utf8.is_control(code)
  return code < 0x20 or code >= 0x7F and code <= 0x9F or code >= 0x2028 and code <= 0x202E
    or code >= 0x2066 and code <= 0x2069 or code == 0xFEFF
end

return utf8
