// Shows one job as it goes on. All that comes from the service is put in as text, never as markup.
"use strict";

const $ = id => document.getElementById(id);

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;   // spoken only when it is new
}

function add(parent, tag, text) {
  const element = document.createElement(tag);
  element.textContent = text === undefined || text === null ? "–" : String(text);
  parent.append(element);
  return element;
}

// The service's times are UTC, which they do not all say.
function time(stamp) {
  const parts = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?Z?$/.exec(stamp || "");
  return parts ? `${parts[1]} ${parts[2]} UTC` : stamp;
}

// "5 of 6 done, 1 in part, 1 failed": a file is done, whatever became of it.
function countFiles({ total, success, partial, failed }) {
  return `${success + partial + failed} of ${total} done` + (partial ? `, ${partial} in part` : "")
    + (failed ? `, ${failed} failed` : "");
}

function showFacts(job, summary) {
  const facts = $("facts");
  facts.replaceChildren();
  const rows = {
    "Kind": job.job_name || job.job_type, "Graph": job.related_graph, "Began": time(job.begin_time),
    "Ended": time(job.end_time), "Reason": job.fail_reason,
    "Files": summary.files && summary.files.total ? countFiles(summary.files) : undefined,
    "Lines": summary.lines && summary.lines.total
      ? `${summary.lines.successful} done, ${summary.lines.failed || 0} failed` : undefined,
  };
  for (const [name, value] of Object.entries(rows)) {
    if (value === undefined || value === null || value === "") continue;
    add(facts, "dt", name);
    add(facts, "dd", value);
  }
}

function showFiles(detail) {
  const body = $("files").tBodies[0];
  body.replaceChildren();
  for (const list of ["schema_path", "vertexset_path", "edgeset_path"]) {
    for (const file of (detail && detail[list]) || []) {
      const row = body.insertRow();
      for (const name of ["path", "status", "successful_lines", "failed_lines"]) {
        add(row, "td", file[name]);
      }
    }
  }
  $("files").hidden = body.rows.length === 0;
}

function show({ job, outcome, summary, left_out }) {
  document.body.dataset.outcome = outcome;
  document.title = `${job.status} – job ${job.job_id}`;
  say($("state"), job.status);
  say($("problem"), left_out || "");
  say($("title"), `Job ${job.job_id}`);
  showFacts(job, summary);
  showFiles(job.job_detail);
  $("job").hidden = false;
}

// What the page says where no job is to be seen, while the gateway asks and after it has given up.
function absent(error, isOver) {
  if (error.kind === "not_found") return isOver ? "There is no such job" : "Not found yet";
  return isOver ? "No answer" : "No answer yet";
}

function watch(graph, job) {
  say($("state"), "Waiting for an answer…");
  const path = `/jobs/${encodeURIComponent(graph)}/${encodeURIComponent(job)}/events`;
  const source = new EventSource(path);
  let problem;
  source.addEventListener("job", event => show(JSON.parse(event.data)));
  source.addEventListener("problem", event => {
    problem = JSON.parse(event.data).error;
    const isNew = problem.kind === "not_found" && $("job").hidden;
    say($("problem"), problem.message + (problem.retryable ? " (asking again)"
      : isNew ? " (a new job may take a few seconds; asking again)" : ""));
    if ($("job").hidden) say($("state"), absent(problem, false));
  });
  source.addEventListener("done", () => {
    source.close();
    if (!$("job").hidden || !problem) return;
    say($("state"), absent(problem, true));
    say($("problem"), problem.message);
  });
  source.addEventListener("error", () => {
    say($("problem"), source.readyState === EventSource.CLOSED
      ? "The gateway refused the connection."
      : "The connection to the gateway was lost; reconnecting.");
  });
  source.addEventListener("open", () => say($("problem"), ""));
}

const asked = new URLSearchParams(location.search);
const form = document.forms[0];
form.graph.value = asked.get("graph") || "";
form.job.value = asked.get("job") || "";
if (form.graph.value && form.job.value) watch(form.graph.value, form.job.value);
