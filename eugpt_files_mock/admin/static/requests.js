// The requests as stories, newest first: a request and its retries stand together on a time line.

import { act, addressWith, ask, go, keep, kept, linkTo, onAddress, watch } from "./control.js";
import { at, clock, count, make, plural, present, say, show, sizeOf, spanOf, tell, timeOf } from "./parts.js";

const PAGE = 500; // requests asked for at once
const KEPT = 10000; // requests that the page keeps, as the mock does
const SHOWN = 60; // stories on the page until more are asked for
const JUDGED = 2000; // requests up to which the verdict is asked for
const LONGEST_LINE = 12; // attempts on a time line

let calls = new Map(); // by id, in order of arrival
let stories = [];
let total = 0; // that the mock keeps
let shown = SHOWN;
let storyOf = new Map();
let verdict = { findings: [], groups: [] };
let judged = -1;
let isStale = false; // whether the stories must be told anew
const texts = new WeakMap();

export const callOf = (id) => calls.get(id);
export const storyWith = (id) => storyOf.get(id);
export const findingsOf = (story) =>
  verdict.findings.filter((one) => one.calls.some((id) => story.some((call) => call.request_id === id)));

// -- how a request ended -----------------------------------------------------------------------

const ENDS = { connection_reset: "reset", empty_response: "closed", garbage: "garbage", connection_refused: "refused" };
const SPOILED = { truncated: "cut short", corrupted: "corrupted", malformed_json: "not JSON" };

/** Its state: a short text, a tone, and in words what the client met. */
export function stateOf(call) {
  if (call.delivery === "waiting") return { text: "waiting", tone: "wait", words: `the client is waiting${call.waited > 1 ? `, ${spanOf(call.waited)} so far` : ""}` };
  if (call.delivery === "gave_up") {
    const after = call.waited ? ` after ${spanOf(call.waited)}` : "";
    return { text: "gave up", tone: "cut", words: `the client gave up${after}` };
  }
  if (call.status === null) {
    const text = ENDS[call.fault] ?? (call.fault === "timeout" ? "timed out" : "cut");
    return { text, tone: "cut", words: text === "timed out" ? "the client got no answer" : `the connection ended: ${text}` };
  }
  const text = String(call.status);
  if (call.status >= 400) return { text, tone: call.status < 500 ? "warn" : "bad", words: call.message ?? "" };
  if (SPOILED[call.fault]) return { text, tone: "cut", words: `the body was ${SPOILED[call.fault]}` };
  return { text, tone: "good", words: "" };
}

export const hasFailed = (call) => stateOf(call).tone !== "good";

/** What it was about, in a line. */
export function subjectOf(call) {
  const name = call.filename === null ? null : make("b", {}, call.filename);
  const id = name === null ? call.file_id : null;
  const line = call.operation === null ? `${call.method} ${call.path}` : null;
  const query = new URLSearchParams(call.query).toString();
  const size = call.bytes === null ? null : sizeOf(call.bytes);
  const others = present(id, line, query || call.purpose, size, call.user);
  return [name, name && others ? " · " : null, others];
}

const NAMELESS = { method_not_allowed: "method not allowed", route_not_found: "no such route" };

export const titleOf = (call) => call.operation ?? NAMELESS[call.error] ?? call.method;

// -- stories -----------------------------------------------------------------------------------

const keyOf = (call) =>
  JSON.stringify([call.operation, call.method, call.path, call.query, call.user, call.filename, call.sha256, call.json]);

/** A 404 that no fault made is an answer: who asks again waits for something. */
const isSettled = (call) => !hasFailed(call) || (call.status === 404 && call.fault === null);

/** The verdict knows which attempts belong together; what came since then is told by its look. */
function tellStories() {
  if (!isStale) return;
  isStale = false;
  const known = new Map(verdict.groups.flatMap(({ attempts }) => attempts.map((id) => [id, attempts[0]])));
  const open = new Map();
  const byName = new Map();
  for (const call of calls.values()) {
    const key = keyOf(call);
    const name = known.get(call.request_id) ?? open.get(key) ?? call.request_id;
    if (!byName.has(name)) byName.set(name, []);
    byName.get(name).push(call);
    if (isSettled(call)) open.delete(key);
    else open.set(key, name);
  }
  const order = new Map([...calls.keys()].map((id, place) => [id, place]));
  const last = (story) => order.get(story.at(-1).request_id);
  stories = [...byName.values()].sort((one, other) => last(other) - last(one));
  storyOf = new Map(stories.flatMap((story) => story.map((call) => [call.request_id, story])));
}

// -- what is looked for ------------------------------------------------------------------------

/** Everything that is kept of a call, and what the page says of it. */
function textOf(call) {
  if (!texts.has(call)) {
    const { text, words } = stateOf(call);
    const size = call.bytes === null ? "" : sizeOf(call.bytes);
    texts.set(call, `${Object.values(call).map(flat).join(" ")} ${titleOf(call)} ${text} ${words} ${size}`.toLowerCase());
  }
  return texts.get(call);
}

const flat = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : (value ?? ""));

const wanted = () => kept("q").toLowerCase().split(/\s+/).filter(Boolean);
const isFiltering = () => Boolean(kept("q") || kept("only"));

function isWanted(story, words) {
  const only = kept("only");
  if (only.includes("failed") && !story.some(hasFailed)) return false;
  if (only.includes("faulted") && !story.some((call) => call.fault !== null)) return false;
  return words.length === 0 || story.some((call) => words.every((word) => textOf(call).includes(word)));
}

// -- what is shown -----------------------------------------------------------------------------

function showStories() {
  const words = wanted();
  const found = stories.filter((story) => isWanted(story, words));
  show(at("request-list"), found.slice(0, shown), (story) => story[0].request_id, createStory, updateStory);
  count("requests", total);
  at("no-requests").hidden = total > 0;
  at("forget").hidden = total === 0;
  const matching = found.reduce((sum, story) => sum + story.length, 0);
  at("filtered").hidden = !isFiltering() || total === 0;
  const part = calls.size < total ? ` Searched ${calls.size.toLocaleString("en")} of ${total.toLocaleString("en")} so far.` : "";
  say(at("filtered"), `${plural(matching, "request")} of ${calls.size.toLocaleString("en")} in ${plural(found.length, "story", "stories")}.${part}`);
  const left = found.length - shown;
  at("more").hidden = left <= 0 && (calls.size >= total || isFiltering());
  say(at("more"), left > 0 ? `Show ${Math.min(left, SHOWN).toLocaleString("en")} earlier` : "Show earlier");
  if (isFiltering() && calls.size < total) loadEarlier();
}

function createStory() {
  return make("li", {}, make("a", { class: "row" }), make("ol", { class: "line" }), make("p", { class: "found" }));
}

function updateStory(node, story) {
  const [row, line, found] = node.children;
  const findings = findingsOf(story);
  const state = story.map((call) => call.request_id + stateOf(call).text).join() + findings.map((one) => one.kind);
  const open = kept("request");
  const isOpen = story.some((call) => call.request_id === open);
  node.classList.toggle("open", isOpen);
  if (node.dataset.state !== state) {
    node.dataset.state = state;
    fillRow(row, story);
    fillLine(line, story);
    found.replaceChildren(...findings.map(chipOf));
    found.hidden = findings.length === 0;
  }
  row.href = addressWith({ tab: "request", request: story.at(-1).request_id });
  if (isOpen) row.setAttribute("aria-current", "true");
  else row.removeAttribute("aria-current");
  for (const mark of line.querySelectorAll("a")) {
    if (mark.dataset.id === open) mark.setAttribute("aria-current", "true");
    else mark.removeAttribute("aria-current");
  }
}

function fillRow(row, story) {
  const call = story.at(-1);
  const { text, tone, words } = stateOf(call);
  const hit = call.fault === null ? null : make("span", { class: "hit" }, call.fault);
  row.replaceChildren(
    make("span", { class: `status ${tone}` }, text),
    make("span", { class: "what" }, titleOf(call)),
    make("span", { class: "which" }, ...subjectOf(call)),
    make("time", {}, timeOf(call.started_at, clock)),
  );
  if (hit || words) row.append(make("span", { class: `why ${tone}` }, hit, words));
  row.dataset.id = call.request_id;
}

/** The attempts, with the time between them: longer waits are longer lines. */
export function fillLine(line, story) {
  line.hidden = story.length < 2;
  const seen = story.slice(-LONGEST_LINE);
  const dropped = story.length - seen.length;
  const took = story.at(-1).started_at - story[0].started_at;
  line.setAttribute("aria-label", `${plural(story.length, "attempt")} in ${spanOf(took)}`);
  line.replaceChildren(...(story.length < 2 ? [] : seen.map((call, place) => markOf(call, seen[place - 1], dropped))));
  if (story.length > 1) line.append(make("li", { class: "sum" }, `${plural(story.length, "attempt")} in ${spanOf(took)}`));
}

function markOf(call, before, dropped) {
  const { text, tone } = stateOf(call);
  const mark = make("a", { class: `mark ${tone}`, title: present(timeOf(call.started_at, clock), call.fault) }, text);
  mark.dataset.id = call.request_id;
  linkTo(mark, { tab: "request", request: call.request_id });
  const gap = before ? Math.max(0, call.started_at - before.started_at) : 0;
  const wait = before
    ? make("span", { class: `gap g${Math.min(5, Math.ceil(Math.log10(1 + gap * 50)))}` }, spanOf(gap))
    : dropped ? make("span", { class: "gap" }, `${dropped} earlier`) : null;
  return make("li", {}, wait, mark);
}

export const chipOf = (finding) =>
  make("span", { class: `chip ${finding.level === "error" ? "bad" : "warn"}`, title: finding.message }, finding.kind.replaceAll("_", " "));

// -- what is asked for -------------------------------------------------------------------------

/** Asks for what came since the last look, in pages; gives how many wait while it is paused. */
async function look(isPaused) {
  const last = [...calls.keys()].at(-1);
  if (isPaused) return last ? (await ask("GET", `requests?limit=0&after=${last}`)).total : 0;
  const isFirst = total === 0 && !last;
  for (;;) {
    const { data, total: counted } = await listed([...calls.keys()].at(-1));
    for (const call of data) keepCall(call, !isFirst);
    if (data.length < PAGE) break;
    if (!last) {
      total = counted;
      break;
    }
  }
  await askAgain();
  await askVerdict();
  tellStories();
  showStories();
  return 0;
}

/** Those after the one that is known last; all anew when that is no longer there. */
async function listed(last) {
  if (last) {
    try {
      const page = await ask("GET", `requests?limit=${PAGE}&after=${last}`);
      total += page.data.length;
      return page;
    } catch (error) {
      if (error.status !== 400) throw error;
      forgetAll();
    }
  }
  const page = await ask("GET", `requests?limit=${PAGE}`);
  total = page.total;
  return page;
}

function keepCall(call, isNews) {
  calls.set(call.request_id, call);
  isStale = true;
  if (calls.size > KEPT) calls.delete(calls.keys().next().value);
  if (isNews) tell(present(titleOf(call), stateOf(call).text, call.fault));
}

function forgetAll() {
  calls = new Map();
  isStale = true;
  verdict = { findings: [], groups: [] };
  judged = -1;
  total = 0;
}

/** What was waiting may have ended. */
async function askAgain() {
  const waiting = [...calls.values()].filter((call) => call.delivery === "waiting").slice(-20);
  for (const { request_id: id } of waiting) {
    const { response: _, total: __, ...call } = await ask("GET", `requests/${id}`);
    calls.set(id, call);
    isStale = true;
  }
}

async function askVerdict() {
  if (judged === total || total > JUDGED) return;
  judged = total;
  verdict = await ask("GET", "verdict");
  isStale = true;
  const { findings } = verdict;
  at("verdict").hidden = findings.length === 0;
  const errors = findings.filter((one) => one.level === "error").length;
  const parts = [errors && plural(errors, "error"), findings.length - errors && plural(findings.length - errors, "warning")];
  say(at("verdict-sum"), `How the code dealt with failures: ${parts.filter(Boolean).join(", ")}`);
  at("verdict-list").replaceChildren(
    ...findings.map((one) => make("li", {}, chipOf(one), make("pre", {}, one.message))),
  );
}

let loading;

/** Asks for what came before the first that is known, until there is nothing, or enough. */
function loadEarlier() {
  loading ??= loadPage().finally(() => {
    loading = undefined;
    tellStories();
    showStories();
  });
  return loading;
}

async function loadPage() {
  const [first] = calls.keys();
  const { data } = await ask("GET", `requests?limit=${PAGE}&before=${first}`).catch(() => ({ data: [] }));
  if (data.length === 0) total = calls.size;
  isStale = true;
  calls = new Map([...data.map((call) => [call.request_id, call]), ...calls]);
}

// -- what can be done --------------------------------------------------------------------------

at("request-list").addEventListener("click", (press) => {
  const row = press.target.closest("a.row");
  if (!row || press.metaKey || press.ctrlKey || press.shiftKey) return;
  press.preventDefault();
  go({ tab: "request", request: row.dataset.id });
});

/** The arrow keys go from story to story. */
at("request-list").addEventListener("keydown", (press) => {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[press.key];
  const next = step && press.target.closest("#request-list > li")?.[step];
  if (!next) return;
  press.preventDefault();
  next.querySelector(".row").focus();
});

at("filter").addEventListener("input", () => {
  shown = SHOWN;
  keep({ q: at("filter").value });
});

for (const box of document.querySelectorAll("[name=only]")) {
  box.addEventListener("change", () => {
    shown = SHOWN;
    keep({ only: [...document.querySelectorAll("[name=only]:checked")].map((one) => one.value).join("-") });
  });
}

at("more").addEventListener("click", async () => {
  const before = at("request-list").children.length;
  shown += SHOWN;
  if (shown > stories.length && calls.size < total) await loadEarlier();
  else showStories();
  at("request-list").children[before]?.querySelector(".row").focus();
});

at("forget").addEventListener("click", async () => {
  if (!(await act("request-problem", "DELETE", "requests"))) return;
  tell("The requests were forgotten");
  at("requests").focus();
});

onAddress(() => {
  if (at("filter").value !== kept("q")) at("filter").value = kept("q");
  for (const box of document.querySelectorAll("[name=only]")) box.checked = kept("only").includes(box.value);
  showStories();
});

watch(look);
