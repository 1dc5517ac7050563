// One request: why it ended as it did, what was answered, what was asked, and how to ask it again.

import { ask, kept, linkTo, onAddress, watch } from "./control.js";
import { armedFor } from "./faults.js";
import { at, copier, listOf, make, moment, plural, present, say, sizeOf, spanOf, textBlock, timeOf } from "./parts.js";
import { callOf, chipOf, fillLine, findingsOf, stateOf, storyWith, subjectOf, titleOf } from "./requests.js";
import { asCurl, asPython } from "./snippets.js";

const BODY_KEPT = 8192; // bytes of an answer that the mock keeps

let shown; // what is on the page: it is made anew only when that changes

async function look() {
  const id = kept("tab") === "request" ? kept("request") : "";
  const story = storyWith(id) ?? [];
  const state = `${id} ${callOf(id)?.delivery} ${story.length} ${findingsOf(story).map((one) => one.kind)}`;
  if (state === shown) return;
  shown = state;
  if (!id) return at("request-detail").replaceChildren();
  try {
    const call = await ask("GET", `requests/${encodeURIComponent(id)}`);
    if (kept("request") === id) showCall(call, story.length ? story : [call]);
  } catch (error) {
    shown = undefined;
    at("request-detail").replaceChildren(make("p", { class: "empty" }, error.status === 404 ? "This request is no longer kept." : error.message));
    if (error.status !== 404) throw error;
  }
}

function showCall(call, story) {
  const { text, tone } = stateOf(call);
  const line = make("ol", { class: "line" });
  fillLine(line, story);
  for (const mark of line.querySelectorAll("a")) {
    if (mark.dataset.id === call.request_id) mark.setAttribute("aria-current", "true");
  }
  const head = make(
    "div",
    { class: "head" },
    make("span", { class: `status ${tone}` }, text),
    make("h3", {}, titleOf(call)),
    make("p", { class: "which" }, ...subjectOf(call)),
    make("p", { class: "soft" }, present(timeOf(call.started_at, moment), call.client, `${spanOf(call.duration)} in the mock`)),
  );
  const copies = make("p", { class: "actions" }, "Copy as", copier("curl", () => asCurl(call)), copier("Python", () => asPython(call)));
  at("request-detail").replaceChildren(
    ...[head, line, ...whyOf(call, story), copies, answerOf(call), requestOf(call), stubbedOf(call)].filter(Boolean),
  );
}

// -- why ---------------------------------------------------------------------------------------

function whyOf(call, story) {
  const { tone, words } = stateOf(call);
  const lines = [];
  if (call.message) lines.push(make("p", { class: "message" }, call.message));
  if (call.error) lines.push(make("p", {}, "The mock refused it: ", make("code", {}, call.error), "."));
  if (call.fault) lines.push(make("p", {}, "The fault ", ...faultOf(call), " hit it", words && words !== call.message ? `: ${words}.` : "."));
  const findings = findingsOf(story).map((one) => make("section", { class: "reason warn", "aria-label": "Verdict" }, chipOf(one), make("pre", {}, one.message)));
  return [lines.length ? make("section", { class: `reason ${tone}`, "aria-label": "Why" }, ...lines) : null, ...findings];
}

/** The name of the fault, and a link to each armed fault that it may have been. */
function faultOf(call) {
  const links = armedFor(call).map(({ id }) => linkTo(make("a", {}, `armed fault ${id}`), { tab: "faults", fault: id }));
  const joined = links.flatMap((link, place) => (place ? [" or ", link] : [" (", link]));
  return [make("b", {}, call.fault), ...(links.length ? [...joined, ")"] : [])];
}

// -- the answer --------------------------------------------------------------------------------

function answerOf(call) {
  const { response } = call;
  if (!response) return null;
  if (response.severed) return block("Answer", make("p", { class: "soft" }, `None: ${stateOf(call).words}.`));
  const headers = Object.entries(response.headers);
  const sent = { delay: "came late by", cut_after: "was cut after", piece: "came in pieces of" };
  const notes = [
    response.delay ? `${sent.delay} ${spanOf(response.delay)}` : null,
    typeof response.cut_after === "number" ? `${sent.cut_after} ${plural(response.cut_after, "byte")}` : null,
    response.piece ? `${sent.piece} ${plural(response.piece, "byte")}` : null,
  ].filter(Boolean);
  return block(
    `Answer ${response.status}`,
    notes.length ? make("p", { class: "soft" }, `It ${notes.join(", ")}.`) : null,
    bodyOf(call, response),
    fold(plural(headers.length, "header"), listOf(headers)),
  );
}

function bodyOf(call, { headers, body }) {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const length = Number(named["content-length"] ?? 0);
  if ((named["content-type"] ?? "").includes("octet-stream")) {
    return make("p", { class: "soft" }, `${sizeOf(length)} of content. `, fileLink(call, "Look at the file"));
  }
  if (!body) return make("p", { class: "soft" }, "No body.");
  const size = new TextEncoder().encode(body).length;
  const isCut = size >= BODY_KEPT;
  const cut = isCut ? make("p", { class: "soft" }, `The first ${sizeOf(BODY_KEPT)}${length > size ? ` of ${sizeOf(length)}` : ""}.`) : null;
  return [textBlock(indented(body, isCut), "Body of the answer"), cut];
}

/** JSON indented, in its own order and with its own numbers; anything else as it is. */
function indented(text, isCut) {
  try {
    return isCut ? text : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// -- the request -------------------------------------------------------------------------------

function requestOf(call) {
  const query = Object.entries(call.query);
  const isUpload = call.operation === "upload";
  const headers = Object.entries(call.headers);
  return block(
    "Request",
    textBlock(`${call.method} ${call.path}${query.length ? `?${new URLSearchParams(call.query)}` : ""}`, "Request line"),
    listOf([
      ["Filename", isUpload ? call.filename : null],
      ["Purpose", call.purpose],
      ["Type", call.content_type],
      ["Size", call.bytes === null ? null : present(sizeOf(call.bytes), call.bytes < 1000 ? null : plural(call.bytes, "byte"))],
      ["SHA-256", call.sha256 && make("span", { class: "mono" }, call.sha256)],
      ["File", call.file_id && fileLink(call, call.file_id)],
      ["User", call.user],
      ["Request id", make("span", { class: "mono" }, call.request_id)],
    ]),
    Object.keys(call.fields ?? {}).length ? fold("Other fields of the form", listOf(Object.entries(call.fields)), true) : null,
    fold(plural(headers.length, "header"), listOf(headers), true),
  );
}

const fileLink = (call, text) => linkTo(make("a", { class: "mono" }, text), { tab: "files", file: call.file_id });

const stubbedOf = (call) =>
  call.json === null || call.json === undefined ? null : block("JSON of the request", textBlock(JSON.stringify(call.json, null, 2), "JSON of the request"));

const block = (title, ...children) => make("section", { class: "block" }, make("h4", {}, title), ...children.flat());

const fold = (title, content, isOpen = false) =>
  content && make("details", { open: isOpen ? "" : null }, make("summary", {}, title), content);

onAddress(() => {
  const isNew = kept("tab") === "request" && !shown?.startsWith(kept("request"));
  look().catch(() => {}); // the next look says so
  if (isNew) at("inspector").scrollTop = 0;
});
watch(look);
