// The requests, newest first: a request and its retries stand together on a time line.

import { saveAsHar, saveAsJson } from "./export.js";
import { armedFor } from "./faults.js";
import { act, ask, hrefOf, keep, kept, markLinks, onAddress, watch } from "./page.js";
import {
  at, clockOf, copier, count, h, inOrder, indented, listOf, momentOf, number, on, plural, present, say, show, sizeOf, spanOf, tell, textBlock,
} from "./parts.js";
import { asCurl, asPython } from "./snippets.js";

const PAGE = 500; // requests asked for at once
const KEPT = 10_000; // requests that are kept, as by the mock
const SHOWN = 60; // groups of attempts on the page until more are asked for
const JUDGED = 2000; // requests up to which the verdict is asked for
const LONGEST_LINE = 12; // attempts on a time line
const BODY_KEPT = 8192; // bytes of an answer that the mock keeps

const calls = new Map(); // by id, in order of arrival
let groups = []; // a request and its retries
let limit = SHOWN;
let verdict = { findings: [], groups: [] };
let problems = []; // what the exit checks would say
let judged = ""; // what the verdict knows
let hit = new Set(); // ids of those that a fault hit, of the last look
let openId = ""; // the request that is looked at
let isStale = false; // whether the requests must be grouped anew

const groupOf = (id) => groups.find((group) => group.calls.some((call) => call.request_id === id));

// -- how a request ended

const ENDS = {
  connection_reset: "reset", empty_response: "closed", garbage: "garbage", connection_refused: "refused", timeout: "timeout",
};
const SPOILED = { truncated: "cut short", corrupted: "corrupted", malformed_json: "not JSON" };

// Its state: a short text, a tone, and in words what the client met.
function stateOf({ delivery, waited, status, fault, message }) {
  if (delivery === "waiting") return { text: "waiting", tone: "wait", words: "the client is waiting" };
  if (delivery === "gave_up") {
    return { text: "timeout", tone: "cut", words: `the client stopped waiting${waited ? ` after ${spanOf(waited)}` : ""}` };
  }
  if (status === null) {
    const text = ENDS[fault] ?? "cut";
    return { text, tone: "cut", words: `the connection ended: ${text}` };
  }
  if (status >= 400) return { text: status, tone: status < 500 ? "warn" : "bad", words: message };
  if (SPOILED[fault]) return { text: status, tone: "cut", words: `the body was ${SPOILED[fault]}` };
  return { text: status, tone: "good" };
}

const isWaiting = (call) => call.delivery === "waiting";
const hasFailed = (call) => !isWaiting(call) && stateOf(call).tone !== "good";

// In the mock, and what a fault kept the client waiting.
const tookOf = ({ duration, waited }) => spanOf(duration + (waited ?? 0));

const NAMELESS = { method_not_allowed: "method not allowed", route_not_found: "no such route" };

const titleOf = (call) => call.operation ?? NAMELESS[call.error] ?? call.method;

function subjectOf({ operation, method, path, query, filename, file_id: id, purpose, bytes, user }) {
  const line = operation === null && `${method} ${path}`;
  const size = bytes !== null && sizeOf(bytes);
  const others = present(filename === null && id, line, String(new URLSearchParams(query)) || purpose, size, user);
  return filename === null ? others : [h("b", filename), others && ` · ${others}`];
}

// -- attempts

const keyOf = (call) =>
  JSON.stringify([call.operation, call.method, call.path, call.query, call.user, call.filename, call.sha256, call.json]);

// A 404 that no fault made is an answer: who asks again waits for something.
const isSettled = (call) => (!hasFailed(call) && !isWaiting(call)) || (call.status === 404 && call.fault === null);

// The verdict knows which attempts belong together; what came since then is told by its look.
function group() {
  const names = new Map(verdict.groups.flatMap(({ attempts }) => attempts.map((id) => [id, attempts[0]])));
  const open = new Map();
  for (const [id, call] of calls) {
    const key = keyOf(call);
    if (!names.has(id)) names.set(id, open.get(key) ?? id);
    if (isSettled(call)) open.delete(key);
    else open.set(key, names.get(id));
  }
  const newest = [...calls.values()].reverse();
  groups = [...Map.groupBy(newest, (call) => names.get(call.request_id))].map(([id, attempts]) => ({
    id,
    calls: attempts.reverse(),
    findings: verdict.findings.filter((one) => attempts.some((call) => one.calls.includes(call.request_id))),
  }));
}

// -- what is shown of them

// What a call can be chosen by; the values of one row are alternatives.
const CHIPS = {
  only: (call) => [hasFailed(call) && "failed", call.fault && "faulted"].filter(Boolean),
  armed: (call) => armedFor(call).map(({ id }) => id),
  status: (call) => [String(stateOf(call).text)],
  operation: (call) => [titleOf(call)],
  user: (call) => [call.user].filter(Boolean),
};
const LABELS = { failed: "Failed", faulted: "Faulted" };

const chosen = (name) => kept(name).split(",").filter(Boolean).map(decodeURIComponent);

// A row of one value tells nothing apart, unless that is what is chosen.
function showChips() {
  for (const [name, valuesOf] of Object.entries(CHIPS)) {
    const there = new Set(chosen(name));
    if (name === "only") for (const value of Object.keys(LABELS)) there.add(value);
    else if (name !== "armed") for (const call of calls.values()) for (const value of valuesOf(call)) there.add(value);
    const values = there.size > 1 || chosen(name).length ? inOrder(there) : [];
    show(at(`chips-${name}`), values.map((id) => ({ id })), ({ id: value }) => chipFor(name, value), ({ firstChild }, { id: value }) => {
      firstChild.firstChild.checked = chosen(name).includes(value);
    });
  }
}

const chipFor = (name, value) =>
  h("li", h("label", h("input", { type: "checkbox", name, value }), LABELS[value] ?? (name === "armed" ? `Hit by armed fault ${value}` : value)));

for (const name of Object.keys(CHIPS)) at("chips").append(h("ul.choice", { id: `chips-${name}` }));

const ALIKE = 6; // characters from which on a word may be part of an id or a hash
const IDS = /\b(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|[\da-f]{16,}|(?:req|resp|msg|file)[_-][\w-]{16,})/gi;

const searched = new WeakMap(); // by call: all that is kept of it, and the same without ids and hashes

function textsOf(call) {
  if (searched.has(call)) return searched.get(call);
  const { started_at: _, duration: __, waited: ___, ...known } = call;
  const said = [...Object.values(known), ...Object.values(stateOf(call)), titleOf(call), call.bytes && sizeOf(call.bytes)];
  const text = JSON.stringify(said).toLowerCase();
  const texts = [text, text.replaceAll(IDS, "")];
  searched.set(call, texts);
  return texts;
}

function hasWord(call, word) {
  if (/^[1-5]\d\d$/.test(word)) return call.status === Number(word);
  const [text, short] = textsOf(call);
  return (word.length < ALIKE ? short : text).includes(word);
}

// The groups in which a call has all the words, and is what the chips ask for.
function found() {
  const words = kept("q").toLowerCase().match(/\S+/g) ?? [];
  const wanted = Object.keys(CHIPS).map((name) => [name, chosen(name)]).filter(([, values]) => values.length);
  const isOf = (call, name, values) => {
    const has = (value) => CHIPS[name](call).includes(value);
    return name === "only" ? values.every(has) : values.some(has);
  };
  const fits = (call) => words.every((word) => hasWord(call, word)) && wanted.every(([name, values]) => isOf(call, name, values));
  return groups.filter((group) => group.calls.some(fits));
}

function showGroups() {
  const all = found();
  openId = shownId();
  const shown = all.flatMap((group) => group.calls);
  show(at("request-list"), all.slice(0, limit), () => h("li", h("a.row"), h("ol.line"), h("p.found")), updateGroup);
  count("requests", calls.size);
  at("no-requests").hidden = calls.size > 0;
  say(at("filtered"), shown.length < calls.size ? `${number(shown.length)} of ${plural(calls.size, "request")}` : "");
  const left = all.length - limit;
  say(at("more"), left > 0 ? `Show ${Math.min(left, SHOWN)} earlier` : "");
}

const addressOf = (call) => hrefOf({ tab: "request", request: call.request_id });

// Whoever still waits hasn't given up.
const shownOf = ({ calls, findings }) => (isWaiting(calls.at(-1)) ? findings.filter((one) => one.kind !== "gave_up") : findings);

function updateGroup(node, group) {
  const { calls } = group;
  const findings = shownOf(group);
  node.classList.toggle("open", calls.some((call) => call.request_id === openId));
  const told = JSON.stringify([calls.map((call) => [call.request_id, stateOf(call), tookOf(call)]), findings]);
  if (node.told === told) return;
  node.told = told;
  const call = calls.at(-1);
  const { text, tone, words } = stateOf(call);
  const [row, line, found] = node.children;
  row.href = addressOf(call);
  row.replaceChildren(
    h(`span.status.${tone}`, text),
    h("span.what", titleOf(call)),
    h("span.which", subjectOf(call)),
    h("span.took", tookOf(call)),
    h("time", clockOf(call.started_at)),
    h(`span.why.${tone}`, [...new Set(calls.map((one) => one.fault))].map((fault) => fault && h("span.hit.cut", fault)), words),
  );
  line.replaceChildren(...lineOf(calls));
  found.replaceChildren(...findings.map(chipOf));
}

// The attempts, with the time between them: longer waits are longer lines.
function lineOf(calls) {
  if (calls.length < 2) return [];
  const seen = calls.slice(-LONGEST_LINE);
  const took = spanOf(calls.at(-1).started_at - calls[0].started_at);
  return [...seen.map((call, place) => markOf(call, seen[place - 1])), h("li.sum", `${plural(calls.length, "attempt")} in ${took}`)];
}

function markOf(call, before) {
  const { text, tone } = stateOf(call);
  const gap = before && Math.max(0, call.started_at - before.started_at);
  const wait = before && h("span.gap", spanOf(gap));
  if (wait) wait.style.minWidth = `${3 + 2 * Math.min(4, Math.log10(1 + gap * 50))}rem`;
  const title = present(clockOf(call.started_at), tookOf(call), call.fault);
  return h("li", wait, h(`a.mark.${tone}`, { href: addressOf(call), title }, text));
}

const chipOf = ({ kind, level, message }) =>
  h(`span.chip.${level === "error" ? "bad" : "warn"}`, { title: message }, kind.replaceAll("_", " "));

// -- what is asked for

async function look(isKept) {
  if (isKept("requests")) {
    const { total } = await ask("GET", "requests?limit=0");
    return total - calls.size;
  }
  const isFirst = calls.size === 0; // what was there before isn't news
  const news = await askNews().catch((error) => {
    if (error.status !== 400) throw error;
    calls.clear(); // the last that is known was forgotten
    judged = "";
    isStale = true;
    return askNews();
  });
  for (const call of news) calls.set(call.request_id, call);
  for (const id of [...calls.keys()].slice(0, -KEPT)) calls.delete(id);
  const told = news.slice(-3).map((call) => present(titleOf(call), stateOf(call).text, call.fault));
  if (news.length && !isFirst) tell(told.join(". "));
  isStale ||= news.length > 0;
  await askAgain(news);
  await askVerdict();
  if (isStale) group();
  isStale = false;
  showChips();
  showGroups();
}

// What came since the last look, in pages; at first all there is, from the newest back.
async function askNews() {
  const last = [...calls.keys()].at(-1);
  let side = last ? `&after=${last}` : "";
  let news = [];
  for (;;) {
    const { data } = await ask("GET", `requests?limit=${PAGE}${side}`);
    news = last ? [...news, ...data] : [...data, ...news];
    if (data.length < PAGE) return news;
    side = last ? `&after=${news.at(-1).request_id}` : `&before=${news[0].request_id}`;
  }
}

async function askAgain(news) {
  const again = [...calls.values()].filter((call) => isWaiting(call) || hit.has(call.request_id));
  for (const { request_id: id } of again) calls.set(id, await ask("GET", `requests/${id}`));
  isStale ||= again.length > 0;
  // A fault begins to keep its client waiting a moment after the call is there.
  hit = new Set(news.filter((call) => call.fault).map((call) => call.request_id));
}

async function askVerdict() {
  ({ problems } = await ask("GET", "check"));
  // A client that waits no more may have given up.
  const known = `${calls.size} ${[...calls.values()].filter(isWaiting).length}`;
  if (judged !== known && calls.size <= JUDGED) {
    verdict = await ask("GET", "verdict");
    judged = known;
    isStale = true;
  }
  showWrong();
}

// What fails the test when the mock is left, and what the verdict finds.
function showWrong() {
  const parts = [...Map.groupBy(verdict.findings, (one) => one.level)].map(([level, all]) => plural(all.length, level));
  const wrong = present(
    problems.length && `${plural(problems.length, "exit check")} would fail the test`,
    parts.length && `How failures were dealt with: ${parts.join(", ")}`,
  );
  say(at("wrong-sum"), wrong);
  const told = JSON.stringify([problems, verdict.findings]);
  if (at("wrong-list").told === told) return;
  at("wrong-list").told = told;
  at("wrong-list").replaceChildren(
    ...problems.map((text) => h("li", h("span.chip.bad", "exit check"), h("pre", text))),
    ...verdict.findings.map((one) => h("li", chipOf(one), h("pre", one.message))),
  );
}

// -- what can be done

on("request-list", "keydown", (press) => {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[press.key];
  const next = step && press.target.closest("#request-list > li")[step];
  if (!next) return;
  press.preventDefault();
  next.querySelector(".row").focus();
});

function choose() {
  limit = SHOWN;
  const picked = (name) => [...document.getElementsByName(name)].filter((box) => box.checked).map((box) => encodeURIComponent(box.value));
  keep({ q: at("filter").value, ...Object.fromEntries(Object.keys(CHIPS).map((name) => [name, picked(name).join()])) });
}

on("filter", "input", choose);
on("chips", "input", choose);

onAddress(() => {
  if (at("filter").value !== kept("q")) at("filter").value = kept("q");
  showChips();
  showGroups();
});

on("save-json", "click", () => saveAsJson(found().flatMap((group) => group.calls)));
on("save-har", "click", () => saveAsHar(found().flatMap((group) => group.calls)));

on("more", "click", () => {
  const next = limit;
  limit += SHOWN;
  showGroups();
  at("request-list").children[next].querySelector(".row").focus();
});

on("forget", "click", async () => {
  if (!(await act(at("request-list"), "DELETE", "requests"))) return;
  tell("The requests were forgotten");
  at("requests").focus();
});

watch(look);

// -- one of them: why it ended as it did, what was answered, what was asked, how to ask it again

let detail; // what is on the page: it is made anew only when that changes

// Beside the list, the newest that failed is open until another is chosen.
function shownId() {
  if (kept("tab") === "request") return kept("request");
  if (kept("tab") !== "requests") return "";
  return [...calls.values()].findLast(hasFailed)?.request_id ?? "";
}

const NOTHING = "Nothing has failed. Choose a request to see what was asked, and what was answered.";

async function lookAtOne() {
  const id = shownId();
  const group = groupOf(id) ?? { calls: [], findings: [] };
  const state = JSON.stringify([id, group]);
  if (state === detail) return;
  // What is being read stays, whatever else fails.
  if (kept("tab") === "requests" && at("request-detail").contains(document.activeElement)) return;
  detail = state;
  try {
    const shown = id ? detailOf(await ask("GET", `requests/${encodeURIComponent(id)}`), group) : h("p.note", NOTHING);
    if (state === detail) at("request-detail").replaceChildren(shown);
  } catch (error) {
    if (error.status !== 404) detail = undefined; // to be asked for again
    at("request-detail").replaceChildren(h("p.note", error.message));
  }
  markLinks();
}

function detailOf(call, group) {
  const { calls } = group;
  const { text, tone } = stateOf(call);
  return h("div",
    h("div.head",
      h(`span.status.${tone}`, text),
      h("h3", titleOf(call)),
      h("p.which", subjectOf(call)),
      h("p.soft", present(momentOf(call.started_at), call.client, tookOf(call))),
    ),
    h("ol.line", lineOf(calls)),
    h(`section.reason.${tone}`, { "aria-label": "Why" }, whyOf(call)),
    ...shownOf(group).map((one) => h("section.reason.warn", { "aria-label": "Verdict" }, chipOf(one), h("pre", about(call, one)))),
    h("p.actions", "Copy as", copier("curl", null, () => asCurl(call)), copier("Python", null, () => asPython(call))),
    call.response && answerOf(call, call.response),
    requestOf(call),
    call.json !== null && block("JSON of the request", textBlock(JSON.stringify(call.json, null, 2), "JSON of the request")),
  );
}

// A finding names all calls that deserve it, a line each; here only those like this one.
function about({ filename, file_id: id }, { message }) {
  return message.split("\n").filter((line) => !line.startsWith("  ") || line.includes(filename ?? id ?? "")).join("\n");
}

const block = (title, ...children) => h("section.block", h("h4", title), ...children);

function fold(noun, values, open) {
  const count = Object.keys(values ?? {}).length;
  return count > 0 && h("details", { open }, h("summary", plural(count, noun)), listOf(values));
}

function whyOf(call) {
  const { words } = stateOf(call);
  const links = armedFor(call).map(({ id }) => h("a", { href: hrefOf({ tab: "faults", fault: id }) }, `armed fault ${id}`));
  const armed = links.flatMap((link, place) => [place ? " or " : " (", link]);
  const what = words && words !== call.message ? `: ${words}.` : ".";
  return [
    call.message && h("p.message", call.message),
    call.error && h("p", "The mock refused it: ", h("code", call.error), "."),
    call.fault && h("p", "The fault ", h("b", call.fault), ...armed, armed.length && ")", " hit it", what),
  ];
}

function answerOf(call, { severed, status, headers, delay, cut_after: cut, piece, body }) {
  if (severed) return block("Answer", h("p.soft", `None: ${stateOf(call).words}.`));
  const how = listOf({
    Delay: delay && spanOf(delay),
    "Cut after": typeof cut === "number" && plural(cut, "byte"),
    "In pieces of": piece && plural(piece, "byte"),
  });
  return block(`Answer ${status}`, how, ...bodyOf(call, headers, body), fold("header", headers));
}

function bodyOf(call, headers, body) {
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const length = Number(sent["content-length"]);
  if (sent["content-type"]?.includes("octet-stream")) {
    return [h("p.soft", `${sizeOf(length)} of content. `, fileLink(call, "Look at the file"))];
  }
  const size = new TextEncoder().encode(body).length;
  if (size < BODY_KEPT) return [body ? textBlock(indented(body), "Body of the answer") : h("p.soft", "No body.")];
  const whole = length > size ? ` of ${sizeOf(length)}` : "";
  return [textBlock(body, "Body of the answer"), h("p.soft", `The first ${sizeOf(BODY_KEPT)}${whole}.`)];
}

const fileLink = (call, text) => h("a", { href: hrefOf({ tab: "files", file: call.file_id }) }, text);

function requestOf(call) {
  const query = new URLSearchParams(call.query).toString();
  return block(
    "Request",
    textBlock(`${call.method} ${call.path}${query && `?${query}`}`, "Request line"),
    listOf({
      Filename: call.operation === "upload" && call.filename,
      Purpose: call.purpose,
      Type: call.content_type,
      Size: call.bytes !== null && plural(call.bytes, "byte"),
      "SHA-256": call.sha256,
      File: call.file_id && fileLink(call, call.file_id),
      User: call.user,
      "Request id": call.request_id,
    }),
    fold("other field", call.fields, true),
    fold("header", call.headers, true),
  );
}

onAddress(lookAtOne);
watch(lookAtOne);
