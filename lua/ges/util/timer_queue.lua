-- SPDX-License-Identifier: MIT
-- timer_queue: items in the order of their time, the earliest first.
-- A binary heap of pairs kept in two arrays, so that ten thousand sleeping jobs cost two numbers
-- each. Pure. Called by the scheduler.

local queue_methods = {}
local queue_mt = { __name = "ges.util.timer_queue", __index = queue_methods }
local timer_queue = {}

function timer_queue.new()
  return setmetatable({ times = {}, items = {}, n = 0 }, queue_mt)
end

--- When the earliest item is due; nil for an empty queue.
function queue_methods:first()
  return self.times[1]
end

function queue_methods:push(time, item)
  local times, items = self.times, self.items
  local i = self.n + 1
  self.n = i
  while i > 1 do
    local parent = (i - i % 2) / 2
    if times[parent] <= time then break end
    times[i], items[i] = times[parent], items[parent]
    i = parent
  end
  times[i], items[i] = time, item
end

--- Takes the earliest item out.
function queue_methods:pop()
  local times, items, n = self.times, self.items, self.n
  local found = items[1]
  local time, item = times[n], items[n]
  times[n], items[n] = nil, nil
  n = n - 1
  self.n = n
  if n == 0 then return found end
  local i = 1
  while true do
    local child = 2 * i
    if child > n then break end
    if child < n and times[child + 1] < times[child] then child = child + 1 end
    if times[child] >= time then break end
    times[i], items[i] = times[child], items[child]
    i = child
  end
  times[i], items[i] = time, item
  return found
end

return timer_queue
