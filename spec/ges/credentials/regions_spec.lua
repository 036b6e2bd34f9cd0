-- ges.credentials.regions: names of regions, endpoints, and what is refused.

local regions = require("ges.credentials.regions")

describe("ges.credentials.regions", function()
  it("knows the endpoint of a region", function()
    assert.equal("https://ges.cn-north-4.myhuaweicloud.com", regions.endpoint("cn-north-4"))
    assert.equal("https://ges.eu-west-101.myhuaweicloud.eu", regions.endpoint("eu-west-101"))
    assert.equal("https://iam.cn-north-4.myhuaweicloud.com", regions.iam_endpoint("cn-north-4"))
    assert.equal("https://iam.eu-west-101.myhuaweicloud.eu", regions.iam_endpoint("eu-west-101"))
    assert.equal("https://iam.myhuaweicloud.com", regions.iam_endpoint())
  end)

  it("knows that all regions eu-west-1xx are in a domain of their own", function()
    for _, region in ipairs { "eu-west-100", "eu-west-101", "eu-west-199" } do
      assert.equal("https://iam." .. region .. ".myhuaweicloud.eu", regions.iam_endpoint(region))
    end
    for _, region in ipairs { "eu-west-1", "eu-west-10", "eu-west-201", "eu-west-1011" } do
      assert.equal("https://ges." .. region .. ".myhuaweicloud.com", regions.endpoint(region))
    end
  end)

  it("reads region and cloud in the name of an endpoint", function()
    for endpoint, told in pairs {
      ["https://ges.cn-north-4.myhuaweicloud.com"] = "cn-north-4 myhuaweicloud.com",
      ["GES.Cn-North-4.MyHuaweiCloud.com.:443/a/b"] = "cn-north-4 myhuaweicloud.com",
      ["http://ges.eu-west-101.myhuaweicloud.eu/"] = "eu-west-101 myhuaweicloud.eu",
      ["ges.ru-moscow-1.hc.sbercloud.ru"] = "ru-moscow-1 hc.sbercloud.ru",
    } do
      assert.equal(told, table.concat({ regions.of_endpoint(endpoint) }, " "), endpoint)
    end
    for _, endpoint in ipairs { "", "127.0.0.1", "https://[::1]:80", "https://iam.cn-north-4.x.y",
      "https://ges.cn-north-4.com", "https://ges.cn-north-4.", "https://ges.example.com",
      "https://ges.example.cn-north-4.com", "https://x.ges.cn-north-4.x.y",
      "https://h/ges.cn-north-4.x.y", "https://ges.cn-north-4b.x.y", "https://ges.cn-north-4.x..y",
    } do
      assert.is_nil((regions.of_endpoint(endpoint)), endpoint)
    end
  end)

  it("accepts the regions of the official SDKs, and any other well-formed name", function()
    for _, region in ipairs { "ae-ad-1", "ap-southeast-1", "ap-southeast-3", "cn-east-3",
      "cn-north-1", "cn-north-2", "cn-north-4", "cn-south-1", "eu-west-101", "my-kualalumpur-1",
      "ru-moscow-1" } do
      assert.matches("^https://ges%." .. region:gsub("%-", "%%-") .. "%.myhuaweicloud%.%a+$",
        regions.endpoint(region))
    end
    assert.equal("https://ges.xx-orbit-7.myhuaweicloud.com", regions.endpoint("xx-orbit-7"))
  end)

  it("takes another cloud's domain", function()
    assert.equal("https://ges.ru-moscow-1.hc.sbercloud.ru",
      regions.endpoint("ru-moscow-1", "hc.sbercloud.ru"))
    assert.equal("https://ges.eu-west-101.example.org",
      regions.endpoint("eu-west-101", "example.org"))
    assert.equal("https://iam.r1.example.org", regions.iam_endpoint("r1", "example.org"))
    assert.equal("https://iam.example.org", regions.iam_endpoint(nil, "example.org"))
  end)

  it("points out the region of an availability zone", function()
    for _, region in ipairs { "cn-north-4", "eu-west-101" } do
      local zone = region .. "b"
      local endpoint, err = regions.endpoint(zone)
      assert.is_nil(endpoint)
      assert.equal("'" .. zone .. "' is an availability zone: use the region " .. region, err)
    end
  end)

  it("points out upper case", function()
    assert.equal("the region 'CN-North-4' must be in lower case: cn-north-4",
      select(2, regions.endpoint("CN-North-4")))
  end)

  local MALFORMED = {
    "", " ", "cn-north-4 ", "cn-north-4\n", "cn-north-4\0", "a/b", "a.b", "..", "cn_north_4",
    "-cn", "cn-", "a@b", "a:1", "a#b", "a?b", "http://x", "r\233gion", ("a"):rep(64),
  }
  for i, region in ipairs(MALFORMED) do
    it("refuses malformed region " .. i, function()
      local endpoint, err = regions.endpoint(region)
      assert.is_nil(endpoint)
      assert.matches("region", err)
      assert.is_nil(err:find("[%c\128-\255]"))
      assert.is_nil((regions.iam_endpoint(region)))
    end)
  end

  local CLOUDS = { "", "com", ".com", "a..b", "a.b.", "a.b/c", "A.B", "a b.c", "a.b\r\n", 1 }
  for i, cloud in ipairs(CLOUDS) do
    it("refuses malformed cloud " .. i, function()
      for _, region in ipairs { "cn-north-4", false } do
        local endpoint, err = regions.iam_endpoint(region or nil, cloud)
        assert.is_nil(endpoint)
        assert.matches("cloud", err)
        assert.is_nil(err:find("%c"))
      end
    end)
  end

  it("refuses what is not a string", function()
    assert.matches("got a number", select(2, regions.endpoint(4)))
    assert.matches("got a nil", select(2, regions.endpoint()))
  end)
end)
