-- SPDX-License-Identifier: MIT
-- cli.text: makes text of any origin harmless on a terminal, and knows its width there.
-- Pure; owns nothing. Called by the files of ges.cli, and by ges.nvim.command and waits.

local utf8 = require("ges.util.utf8")

local text = {}

-- Characters that take no column and those that take two, in order. Coarse: blocks, not single
-- characters, except below U+2E80, where only those of emoji take two.
local ZERO = {
  { 0x300, 0x36F }, { 0x483, 0x489 }, { 0x591, 0x5BD }, { 0x610, 0x61A }, { 0x64B, 0x65F },
  { 0xE31, 0xE31 }, { 0xE34, 0xE3A }, { 0xE47, 0xE4E }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF },
  { 0x200B, 0x200F }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F },
  { 0xE0100, 0xE01EF },
}
local WIDE = {
  { 0x1100, 0x115F }, { 0x231A, 0x231B }, { 0x2329, 0x232A }, { 0x23E9, 0x23EC },
  { 0x23F0, 0x23F0 }, { 0x23F3, 0x23F3 }, { 0x25FD, 0x25FE }, { 0x2614, 0x2615 },
  { 0x2648, 0x2653 }, { 0x267F, 0x267F }, { 0x2693, 0x2693 }, { 0x26A1, 0x26A1 },
  { 0x26AA, 0x26AB }, { 0x26BD, 0x26BE }, { 0x26C4, 0x26C5 }, { 0x26CE, 0x26CE },
  { 0x26D4, 0x26D4 }, { 0x26EA, 0x26EA }, { 0x26F2, 0x26F3 }, { 0x26F5, 0x26F5 },
  { 0x26FA, 0x26FA }, { 0x26FD, 0x26FD }, { 0x2705, 0x2705 }, { 0x270A, 0x270B },
  { 0x2728, 0x2728 }, { 0x274C, 0x274C }, { 0x274E, 0x274E }, { 0x2753, 0x2755 },
  { 0x2757, 0x2757 }, { 0x2795, 0x2797 }, { 0x27B0, 0x27B0 }, { 0x27BF, 0x27BF },
  { 0x2B1B, 0x2B1C }, { 0x2B50, 0x2B50 }, { 0x2B55, 0x2B55 }, { 0x2E80, 0x303E },
  { 0x3041, 0xA4CF }, { 0xA960, 0xA97C }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
  { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F004, 0x1F004 },
  { 0x1F0CF, 0x1F0CF }, { 0x1F18E, 0x1F18E }, { 0x1F191, 0x1F19A }, { 0x1F200, 0x1F265 },
  { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF }, { 0x1F7E0, 0x1F7F0 }, { 0x1F900, 0x1F9FF },
  { 0x1FA70, 0x1FAFF }, { 0x20000, 0x3FFFD },
}

local function is_in(ranges, code)
  for _, range in ipairs(ranges) do
    if code <= range[2] then return code >= range[1] end
  end
  return false
end

--- The columns that a character takes.
---@param code integer
---@return integer
function text.columns(code)
  if code < 0x300 then return 1 end
  if is_in(ZERO, code) then return 0 end
  return is_in(WIDE, code) and 2 or 1
end

local function show_byte(byte)
  return ("\\x%02X"):format(byte:byte())
end

--- The text with everything escaped that could act on a terminal: control characters and stray
--- bytes as \xNN, invisible characters, such as marks for the direction of text, as \u{NNNN}.
--- Without UTF-8 every other character beyond ASCII becomes a question mark.
---@param value any
---@param is_utf8 boolean whether the terminal shows UTF-8
---@return string
function text.safe(value, is_utf8)
  value = tostring(value)
  if not value:find("[^\32-\126]") then return value end
  return utf8.map(value, function(code, bytes, before)
    if not code or code < 0x20 or code == 0x7F then return show_byte(bytes) end
    if utf8.is_control(code, before) then return ("\\u{%04X}"):format(code) end
    return code >= 0x80 and not is_utf8 and "?" or bytes
  end)
end

--- The columns that a safe text takes.
---@param value string
---@return integer
function text.width(value)
  if not value:find("[\128-\255]") then return #value end
  local total = 0
  utf8.map(value, function(code)
    total = total + text.columns(code or 63)
    return ""
  end)
  return total
end

--- The beginning of a safe text that fits into so many columns, with `mark` where it was cut.
---@param value string
---@param most integer
---@param mark string "..." or one wide dot
---@return string
function text.cut(value, most, mark)
  if text.width(value) <= most then return value end
  local room = most - text.width(mark)
  if room < 1 then mark, room = "", most end
  local out, used, full = {}, 0, false
  utf8.map(value, function(code, bytes)
    local wide = text.columns(code or 63)
    full = full or used + wide > room
    if not full then out[#out + 1], used = bytes, used + wide end
    return ""
  end)
  return table.concat(out) .. mark
end

--- A safe text filled with blanks to so many columns.
---@param value string
---@param most integer
---@return string
function text.pad(value, most)
  return value .. (" "):rep(most - text.width(value))
end

--- A duration for people: 1h02m, 1m32s, 5s, 0.3s.
---@param seconds number
---@return string
function text.duration(seconds)
  if seconds < 9.95 then return (("%.1fs"):format(seconds):gsub("%.0s$", "s")) end
  local whole = math.floor(seconds + 0.5)
  if whole < 60 then return whole .. "s" end
  local minutes = math.floor(whole / 60)
  if minutes < 60 then return ("%dm%02ds"):format(minutes, whole % 60) end
  return ("%dh%02dm"):format(math.floor(minutes / 60), minutes % 60)
end

--- A word as the shell reads it back.
---@param word string
---@return string
function text.shell(word)
  if word:find("^[%w_./:@%%+=,~-]+$") and not word:find("^~") then return word end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

return text
