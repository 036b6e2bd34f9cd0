-- SPDX-License-Identifier: MIT
-- Who and what a simulator knows where its options do not say otherwise: projects, users, access
-- keys, tokens, and graphs with a name of their own. None of it is a secret.
-- Pure data; owns nothing. Called by ges.sim, ges.sim.options and ges.sim.service.

local project = "2f6b0c94d1e84a7f9c35e0d7ab618f42"
local other_project = "7d19a3e5c0b24f68812f4b6de9a7053c"

-- The first row of each list is what ges.sim gives to its caller as `demo`.
---@class ges.sim.World
---@field projects table[]  id, name (the region's)
---@field users table[]     id, name, password, domain, domain_id
---@field keys table[]      ak, sk; and security_token (a temporary key), projects (the ids that it
---  opens; all without), locked or forbidden = true
---@field tokens table[]    token, project_id; and expires_at (seconds since 1970), domain = true
---  (no project's token), forbidden = true
---@field graphs table[]    id, name
return {
  projects = {
    { id = project, name = "eu-west-101" },
    { id = other_project, name = "cn-north-4" },
  },
  users = {
    { id = "5b8e21f0a9c6473db1e4708c2f9da635", name = "sim-user", password = "sim-password",
      domain = "sim-domain", domain_id = "c4a7e90b13d84f25a6087be1d25f3c98" },
  },
  keys = {
    { ak = "SIMACCESSKEY", sk = "sim-secret-key" },
    { ak = "SIMTEMPORARYKEY", sk = "sim-secret-key", security_token = "sim-security-token" },
    { ak = "SIMLOCKEDKEY", sk = "sim-secret-key", locked = true },
  },
  tokens = {
    { token = "sim-token", project_id = project },
    { token = "sim-token-expired", project_id = project, expires_at = 0 },
    { token = "sim-token-other-project", project_id = other_project },
    { token = "sim-token-domain", domain = true },
    { token = "sim-token-forbidden", project_id = project, forbidden = true },
  },
  graphs = { { id = "demo-graph", name = "demo_graph" } },
}
