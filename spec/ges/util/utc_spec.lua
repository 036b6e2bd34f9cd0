-- SPDX-License-Identifier: MIT
-- Dates and times of day to seconds, against the C library's own calendar.

local utc = require("ges.util.utc")

describe("utc.seconds", function()
  it("agrees with the calendar of the C library, whatever zone we are in", function()
    -- Where its time has 32 bits the calendar ends in 2038.
    local known, far = pcall(os.time, { year = 2069, month = 12, day = 31 })
    local at, last = -5000000000, 20000000000
    if not (known and far) then at, last = -2147483648, 2147483647 end
    while at < last do
      local t = os.date("!*t", at)
      assert.equal(at, utc.seconds(t.year, t.month, t.day, t.hour, t.min, t.sec))
      at = at + 7654321
    end
  end)

  it("takes digits", function()
    assert.equal(0, utc.seconds("1970", "01", "01", "00", "00", "00"))
    assert.equal(951782399, utc.seconds("2000", "02", "28", "23", "59", "59"))
  end)

  it("knows what is no date or no time of day", function()
    for _, parts in ipairs {
      { 2001, 2, 29, 0, 0, 0 }, { 2100, 2, 29, 0, 0, 0 }, { 2000, 4, 31, 0, 0, 0 },
      { 2000, 0, 1, 0, 0, 0 }, { 2000, 13, 1, 0, 0, 0 }, { 2000, 1, 0, 0, 0, 0 },
      { 2000, 1, 32, 0, 0, 0 }, { 2000, 1, 1, 24, 0, 0 }, { 2000, 1, 1, 0, 60, 0 },
      { 2000, 1, 1, 0, 0, 60 }, { 2000, 1, 1, 0, 0 }, {}, { "x", 1, 1, 0, 0, 0 },
    } do
      assert.is_nil(utc.seconds(parts[1], parts[2], parts[3], parts[4], parts[5], parts[6]))
    end
    assert.equal(951782400, utc.seconds(2000, 2, 29, 0, 0, 0))
  end)
end)

describe("utc.read", function()
  it("takes the forms the services write", function()
    for _, text in ipairs { "2018-11-27T21:39:00", "2018-11-27 21:39:00", "2018-11-27T21:39:00Z",
      "2018-11-27T21:39:00.701000Z", "2018-11-27 21:39:00.7" } do
      assert.equal(1543354740, utc.read(text), text)
    end
  end)

  it("takes nothing else", function()
    for _, text in ipairs { "", "2018-11-27", "2018-11-27T21:39", "2018-11-27T21:39:00+08:00",
      "2018-11-27T21:39:00.", " 2018-11-27T21:39:00", "18-11-27T21:39:00",
      "2018-02-30T00:00:00" } do
      assert.is_nil(utc.read(text), text)
    end
    assert.is_nil(utc.read(nil))
    assert.is_nil(utc.read(1543354740))
  end)

  it("reads a day and writes it, also at the ends of years and on leap days", function()
    for year = 1970, 2286 do
      for _, day in ipairs { "01-01", "02-28", "03-01", "12-31", year % 4 == 0
        and year % 100 ~= 0 and "02-29" or "07-15" } do
        local text = ("%d-%s"):format(year, day)
        local at = assert(utc.read_day(text), text)
        assert.equal(text, utc.day(at))
        assert.equal(text, utc.day(at + 86399.5))
      end
    end
    assert.equal("2286-11-20", utc.day(9999999999))
    assert.equal("1970-01-01", utc.day(0))
    for _, text in ipairs { "2023-02-29", "2024-1-1", "2024-01-01T00:00:00", "", "soon" } do
      assert.is_nil(utc.read_day(text))
    end
  end)
end)
