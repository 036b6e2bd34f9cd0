-- SPDX-License-Identifier: MIT
-- ges.credentials: where tokens and keys come from.
-- A provider is a table with two methods:
--   provider:get(ctx)                -> creds | nil, err, info
--   provider:refresh(ctx, rejected)  -> creds that differ from the rejected ones | nil[, err, info]
-- creds is {token=} or {ak=, sk=, security_token=}, and may hold a project_id. ctx is the client's:
--   now()          wall clock, seconds since 1970
--   request{}      one HTTP exchange that waits as the host does -> response | nil, err, info
--   share(key, fn) single-flight: the results of fn, for all calls with that key (optional)
--   region, cloud, project_id, need_project   what the call is about (optional)

---@class ges.Provider
---@field kind string
---@field get fun(self: ges.Provider, ctx: table): table?, string?, ges.Info?
---@field refresh fun(self: ges.Provider, ctx: table, rejected?: table): table?, string?, ges.Info?

return {
  token = require("ges.credentials.token"),
  aksk = require("ges.credentials.aksk"),
  password = require("ges.credentials.password"),
  env = require("ges.credentials.env").provider,
  profile = require("ges.credentials.profile"),
  chain = require("ges.credentials.chain"),
  metadata = require("ges.credentials.metadata"),
}
