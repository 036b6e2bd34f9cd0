-- SPDX-License-Identifier: MIT
-- trim: a text without the blanks around it. In two steps, each in linear time: what is trimmed may
-- come from a peer. Pure; owns nothing. Called by the simulator's service.

---@param text string
---@return string
return function(text)
  return text:find("%S") and text:match("^%s*(.*%S)") or ""
end
