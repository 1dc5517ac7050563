// The requests, newest first, as they come in; and the filter.

import { act, watch } from "./control.js";
import { at, clock, count, make, moment, present, say, show, sizeOf, tell, timeOf } from "./parts.js";

const KEPT = 300; // requests on the page; the mock has more
const AT_FIRST = 25; // of them to be seen until more are asked for

function toneOf(status) {
  if (status === null) return "cut";
  return status < 400 ? "good" : status < 500 ? "warn" : "bad";
}

/** What the request was about, as far as that is known. */
function whichOf(call) {
  const name = make("b", {}, call.filename ?? "");
  const size = call.bytes === null ? null : sizeOf(call.bytes);
  const id = call.filename === null ? call.file_id : null;
  const line = call.operation === null ? `${call.method} ${call.path}` : null;
  const query = call.operation === "list" ? queryOf(call) : null;
  const others = present(id, line, query ?? call.purpose, size, call.user);
  return make("span", { class: "which" }, name, call.filename && others ? " · " : "", others);
}

const queryOf = (call) => new URLSearchParams(call.query).toString();

/** What the filter looks at: everything but the headers. */
function textOf({ headers, query, ...call }) {
  const values = [...Object.values(call), queryOf({ query })];
  return values.filter((value) => value !== null).join(" ").toLowerCase();
}

function createRequest(call) {
  const what = make("span", { class: "what" }, call.operation ?? "no such route");
  if (call.fault !== null) what.append(make("span", { class: "hit" }, call.fault));
  else if (call.error !== null) what.append(make("span", { class: "why" }, call.error));
  const summary = make(
    "summary",
    {},
    make("span", { class: `status ${toneOf(call.status)}` }, String(call.status ?? "cut")),
    what,
    whichOf(call),
    make("time", { class: "when" }, timeOf(call.started_at, clock)),
  );
  const details = make("details", {}, summary);
  // Facts are made when they are first looked at: most never are.
  details.addEventListener("toggle", () => details.append(factsOf(call)), { once: true });
  const row = make("li", {}, details);
  row.dataset.text = textOf(call);
  row.hidden = !matches(row);
  if (looked) tell(present(call.operation ?? call.path, String(call.status ?? "cut"), call.fault));
  return row;
}

function factsOf(call) {
  const query = queryOf(call);
  const facts = make("div", { class: "facts" });
  const groups = {
    "What was uploaded": call.operation === "upload" && {
      Filename: call.filename,
      Purpose: call.purpose,
      Type: call.content_type,
      Size: call.bytes === null ? null : `${call.bytes} bytes`,
      "SHA-256": call.sha256,
      "File id": call.file_id,
    },
    Request: {
      Line: `${call.method} ${call.path}${query && `?${query}`}`,
      "File id": call.operation === "upload" ? null : call.file_id,
      User: call.user,
      Client: call.client,
      At: timeOf(call.started_at, moment),
    },
    Answer: {
      Status: call.status === null ? "none, the connection was cut" : String(call.status),
      Fault: call.fault,
      Refusal: call.error,
      "Request id": call.request_id,
      Took: `${(call.duration * 1000).toFixed(2)} ms`,
    },
    Headers: call.headers,
  };
  for (const [title, group] of Object.entries(groups)) {
    const lines = Object.entries(group || {}).filter(([, value]) => value !== null);
    if (lines.length === 0) continue;
    const list = make("dl");
    for (const [name, value] of lines) list.append(make("dt", {}, name), make("dd", {}, value));
    facts.append(make("section", {}, make("h3", {}, title), list));
  }
  return facts;
}

let looked = false;

function showRequests({ data, total }) {
  show(at("request-list"), data.reverse(), (call) => call.request_id, createRequest);
  count("requests", total);
  at("no-requests").hidden = total > 0;
  at("forget").hidden = total === 0;
  sayHowMany();
  looked = true;
}

// -- the filter, and how many are shown --------------------------------------------------------

const words = () => at("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
const matches = (row) => words().every((word) => row.dataset.text.includes(word));

let all = false;

function sayHowMany() {
  const rows = [...at("request-list").children];
  const filtering = words().length > 0;
  at("filtered").hidden = !filtering || rows.length === 0;
  say(at("filtered"), `${rows.filter((row) => !row.hidden).length} of ${rows.length} match.`);
  const short = !all && !filtering && rows.length > AT_FIRST;
  at("request-list").classList.toggle("short", short);
  at("more").hidden = !short;
  say(at("more"), `Show ${rows.length - AT_FIRST} earlier`);
}

at("filter").addEventListener("input", () => {
  for (const row of at("request-list").children) row.hidden = !matches(row);
  sayHowMany();
});

at("more").addEventListener("click", () => {
  all = true;
  sayHowMany();
  at("request-list").children[AT_FIRST].querySelector("summary").focus();
});

at("forget").addEventListener("click", async () => {
  await act("DELETE", "requests");
  at("requests").focus();
});

watch(`requests?limit=${KEPT}`, showRequests);
