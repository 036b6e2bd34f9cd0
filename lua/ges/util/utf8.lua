-- SPDX-License-Identifier: MIT
-- utf8: reads bytes that may or may not be UTF-8, one character at a time.
-- Pure; owns nothing. Called by ges.json and the command, which both show what a server sent,
-- and by the simulator.

local utf8 = {}

-- The length of a character by its first byte, and the least code point that needs that length
-- (a longer form than needed is not UTF-8: it hides characters from checks).
local function lead(byte)
  if byte < 0x80 then return 1, 0, byte end
  if byte >= 0xC2 and byte <= 0xDF then return 2, 0x80, byte - 0xC0 end
  if byte >= 0xE0 and byte <= 0xEF then return 3, 0x800, byte - 0xE0 end
  if byte >= 0xF0 and byte <= 0xF4 then return 4, 0x10000, byte - 0xF0 end
end

--- The character at `at`: its code point and length in bytes. For a byte that begins no
--- well-formed character: nil and 1.
---@return integer? code, integer length
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

--- Rewrites a text: `fn(code, bytes, before)` says what to put for each character, and gets nil as
--- the code of a byte that is no character. `before` is the code of the character in front of it.
---@param fn fun(code: integer?, bytes: string, before: integer?): string
function utf8.map(text, fn)
  local out, at, n, before = {}, 1, #text, nil
  while at <= n do
    local code, length = utf8.at(text, at)
    out[#out + 1] = fn(code, text:sub(at, at + length - 1), before)
    at, before = at + length, code
  end
  return table.concat(out)
end

-- Characters that show nothing themselves but act on those around them, or only hide: soft hyphen,
-- fillers, joiners, marks of direction, line and paragraph separators, annotations, tags. Sorted.
-- (Variation selectors are not among them: emoji and names are written with them.)
local HIDDEN = {
  { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x34F, 0x34F }, { 0x61C, 0x61C }, { 0x115F, 0x1160 },
  { 0x17B4, 0x17B5 }, { 0x180E, 0x180E }, { 0x200B, 0x200F }, { 0x2028, 0x202E },
  { 0x2060, 0x206F }, { 0x3164, 0x3164 }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 },
  { 0xFFF0, 0xFFFB }, { 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A }, { 0xE0000, 0xE00FF },
  { 0xE01F0, 0xE0FFF },
}

-- The two joiners, which Persian, the scripts of India and emoji are written with, and the first
-- code point of a character that one of them may follow.
local NON_JOINER, JOINER, JOINED = 0x200C, 0x200D, 0x600

--- Whether a character controls how a terminal or a reader shows the ones around it, or cannot be
--- seen: C0, DEL, C1 and all of HIDDEN. A joiner behind a letter of a script that has joiners, or
--- behind an emoji, is part of the text.
---@param before? integer the character in front of it
function utf8.is_control(code, before)
  if code < 0x7F then return code < 0x20 end
  if code == NON_JOINER or code == JOINER then
    return not before or before < JOINED or utf8.is_control(before)
  end
  for _, range in ipairs(HIDDEN) do
    if code < range[1] then return false end
    if code <= range[2] then return true end
  end
  return false
end

return utf8
