-- SPDX-License-Identifier: MIT
-- The calls that start a job, and what each wants of its request.
-- Pure data; owns the table. Called by ges.sim.service and ges.sim.
-- Source: the request models of the SDKs, huaweicloud-sdk-go-v3 (services/ges/v2/model): what is a
-- value there is needed here, what is a pointer may be left out.

local members = require "ges.sim.service.members"

local line, boolean, object = members.line, members.boolean, members.object
local needed, text, whole, word = members.needed, members.text, members.whole, members.word

local import = {
  edgeset_path = line, vertexset_path = line, schema_path = line, log_dir = line,
  edgeset_format = word "csv", vertexset_format = word "csv",
  edgeset_default_label = line, vertexset_default_label = line,
  delimiter = text("", 1, 8), trim_quote = text("", 0, 8), offline = boolean,
  parallel_edge = object {
    action = word("allow", "ignore", "override"), ignore_label = boolean,
    sort_key_column = word "lastColumn",
  },
}

local export = {
  graph_export_path = needed(line), edge_set_name = needed(line), vertex_set_name = needed(line),
  schema_name = needed(line),
  paginate = object {
    enable = boolean, row_count_per_file = whole(1, 1e9), num_thread = whole(1, 1000),
  },
}

local create = { graph = needed(object {
  name = needed(text("^%a[%w_]*$", 4, 50)),
  graph_size_type_index = needed(word("0", "1", "2", "3", "4", "5", "6", "401")),
  vpc_id = needed(line), subnet_id = needed(line), security_group_id = needed(line),
  crypt_algorithm = needed(word("generalCipher", "SMcompatible")),
  -- Needed in the models, and left out by Terraform where it is false.
  enable_https = boolean,
  arch = word("x86_64", "aarch64"), product_type = word("InMemory", "Persistence"),
  enable_multi_az = boolean, enable_rbac = boolean, enable_full_text_index = boolean,
  enable_hyg = boolean, enable_multi_label = boolean, is_dynamic_graph = boolean,
  capacity_ratio = whole(0, 1e9), sort_key_type = word("int", "string", "varString"),
  public_ip = object {
    public_bind_type = word("auto_assign", "bind_existing"), eip_id = line,
  },
  encryption = object { enable = boolean, master_key_id = line },
  lts_operation_trace = object { enable_audit = boolean, audit_log_group_name = line },
  vertex_id_type = object {
    id_type = needed(word("fixedLengthString", "hash")), id_length = whole(1, 128),
  },
}) }

-- What two members of a new graph say about others; the name of one that is wrong.
local function check_graph(body)
  local graph = body.graph
  local id = type(graph.vertex_id_type) == "table" and graph.vertex_id_type or {}
  if id.id_type == "fixedLengthString" and type(id.id_length) ~= "number" then
    return "graph.vertex_id_type.id_length"
  elseif type(graph.sort_key_type) == "string" and graph.product_type ~= "Persistence" then
    return "graph.sort_key_type, which is for product_type Persistence"
  end
end

-- What a query parameter must be.
local flag = word("true", "false")

-- job_name  ImportGraph and DeleteGraph are names that the service uses; the others are formed
--           after them
-- body      the rules of its members; a call without it needs no body
-- query     the rules of the parameters
-- one_of    members of which the body needs one
-- also      function(body) -> the name of a member that does not fit another, or nil
-- optional  the body may be missing
-- Further: import, backup, create, delete = true.
local actions = {
  ["POST import-graph"] = { job_name = "ImportGraph", body = import, import = true,
    one_of = { "edgeset_path", "vertexset_path" } },
  ["POST export-graph"] = { job_name = "ExportGraph", body = export },
  ["POST clear-graph"] = { job_name = "ClearGraph", query = { clear_metadata = flag } },
  ["POST stop"] = { job_name = "StopGraph" },
  ["POST start"] = { job_name = "StartGraph", optional = true,
    body = { graph_backup_id = line } },
  ["POST restart"] = { job_name = "RestartGraph" },
  ["POST upgrade"] = { job_name = "UpgradeGraph",
    body = { upgrade_version = needed(line), force_upgrade = boolean } },
  ["POST resize"] = { job_name = "ResizeGraph", body = { resize = needed(object {
    graph_size_type_index = needed(word("2", "3", "4", "5")) }) } },
  ["POST expand"] = { job_name = "ExpandGraph", body = { expand = needed(object {
    replication = needed(whole(1, 1000)) }) } },
  ["POST backups"] = { job_name = "CreateBackup", backup = true },
  ["POST backups/export"] = { job_name = "ExportBackup",
    body = { backup_id = needed(line), export_path = needed(line) } },
  ["POST backups/import"] = { job_name = "ImportBackup", body = { import_path = needed(line) } },
  ["DELETE "] = { job_name = "DeleteGraph", delete = true, optional = true,
    query = { keep_backup = flag, delete_eip = flag } },
}

return {
  of_graph = actions,
  create = { job_name = "CreateGraph", body = create, create = true, also = check_graph },

  --- The call of a short name: "stop", "backups/export" ...; "delete" is DELETE of the graph.
  ---@param name string
  ---@return string? method nil for no such call
  ---@return string rest  of the path, below the graph
  ---@return table action
  find = function(name)
    local method, rest = "POST", tostring(name)
    if name == "delete" then method, rest = "DELETE", "" end
    local action = actions[method .. " " .. rest]
    return action and method, rest == "" and "" or "/" .. rest, action
  end,
}
