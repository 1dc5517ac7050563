// The form that arms faults, with everything that `inject()` takes; and those that are armed.

import { act, ask, kept, onAddress, watch } from "./control.js";
import { at, button, copier, count, make, plural, present, say, show, tell } from "./parts.js";
import { asInject, catalogue, faultCall } from "./snippets.js";

const KINDS = { answer: "Answer with", connection: "Break the connection", body: "Spoil the answer" };
const LABELS = {
  status: "Status", code: "Code", message: "Message", body: "Body", headers: "Headers (JSON)", retry_after: "Retry after (s)",
  seconds: "Seconds", jitter: "Jitter (s)", after_bytes: "After bytes", chunk_bytes: "Bytes a piece",
};
const BEGIN_WITH = { status: 503, seconds: 2, chunk_bytes: 64 };
const SHAPES = ["envelope", "detail", "error_string", "text", "html", "empty"];
const WORDS = new Set(["code", "message"]);

let operations = [];
let armed = [];
let sequence = [];

// -- the form ----------------------------------------------------------------------------------

async function offer() {
  if (catalogue.size) return;
  const offered = await ask("GET", "catalogue");
  for (const fault of offered.faults) catalogue.set(fault.fault, fault);
  offerOperations(offered.operations);
  for (const [kind, title] of Object.entries(KINDS)) {
    const palette = make("div", { class: "choice", role: "group", "aria-label": title });
    palette.append(...offered.faults.filter((fault) => fault.kind === kind).map(choiceOf));
    at("catalogue").append(make("div", { class: "kind" }, make("span", { class: "label" }, title), palette));
  }
  at("arm").elements.fault.value = "unavailable";
  askArguments();
}

/** The five, and every route that is stubbed. */
export function offerOperations(names) {
  for (const name of ["*", ...names].filter((one) => !operations.includes(one))) {
    operations.push(name);
    const box = make("input", { type: "checkbox", name: "on", value: name });
    box.checked = name === "*";
    at("operations").append(make("label", {}, box, make("span", {}, name === "*" ? "any" : name)));
  }
}

function choiceOf({ fault, summary, status }) {
  const radio = make("input", { type: "radio", name: "fault", value: fault });
  return make("label", { title: summary }, radio, make("span", {}, fault, status ? make("small", {}, ` ${status}`) : null));
}

const chosen = () => catalogue.get(at("arm").elements.fault.value);

function askArguments() {
  const { arguments: usual, required, summary } = chosen();
  say(at("summary"), summary.replaceAll("`", ""));
  at("arguments").replaceChildren(...Object.keys(usual).map((name) => fieldOf(name, usual[name], required.includes(name))));
  preview();
}

function fieldOf(name, usual, isRequired) {
  const begin = BEGIN_WITH[name] ?? (isRequired ? 1 : "");
  const isText = WORDS.has(name) || name === "headers";
  const input = name === "body"
    ? make("select", { name: "body" }, ...SHAPES.map((shape) => make("option", {}, shape)))
    : make("input", { name, type: isText ? "text" : "number", min: isText ? null : 0, step: isText ? null : "any", value: begin, placeholder: usual ?? (isRequired ? "" : "usual") });
  return make("label", { class: isText ? "wide" : null }, make("span", {}, LABELS[name] ?? name.replaceAll("_", " ")), input);
}

/** The fault that the form describes; a field that is empty has its usual value. */
function described() {
  const fault = { fault: chosen().fault };
  for (const input of at("arguments").querySelectorAll("input, select")) {
    if (input.value === "" || (input.name === "body" && input.value === "envelope")) continue;
    fault[input.name] = valueOf(input);
  }
  return fault;
}

function valueOf(input) {
  if (input.name === "headers") {
    try {
      return JSON.parse(input.value);
    } catch {
      return input.value; // the mock says what it takes
    }
  }
  return input.type === "number" ? Number(input.value) : input.value;
}

/** What is sent, and what is shown as Python. */
function wordsOf() {
  const words = { on: boxes().filter((box) => box.checked).map((box) => box.value) };
  for (const input of at("matcher").querySelectorAll("input, select")) {
    if (input.name === "times") words.times = input.value === "" ? null : Number(input.value);
    else if (input.value !== "") words[input.name] = valueOf(input);
  }
  return words;
}

const boxes = () => [...at("operations").querySelectorAll("input")];

function preview() {
  if (!catalogue.size) return;
  const faults = sequence.length ? sequence : [described()];
  say(at("preview"), asInject({ faults, ...wordsOf() }));
  at("sequence").hidden = sequence.length === 0;
  at("sequence").replaceChildren(
    ...sequence.map((fault, place) => make("li", {}, faultCall(fault).slice(7), button("✕", () => drop(place), { class: "quiet", "aria-label": `Remove ${fault.fault} from the sequence` }))),
  );
}

function drop(place) {
  sequence.splice(place, 1);
  preview();
  at("then").focus();
}

async function arm() {
  const fault = sequence.length ? sequence : described();
  const words = Array.isArray(fault) ? { fault } : fault;
  const done = await act("problem", "POST", "faults", { ...words, ...wordsOf(), optional: true });
  if (!done) return;
  sequence = [];
  preview();
  tell(`Armed ${nameOf(done)} on ${aimOf(done)}`);
}

at("arm").addEventListener("submit", (press) => {
  press.preventDefault();
  arm();
});

at("arm").addEventListener("input", (change) => {
  const { name, value, checked } = change.target;
  if (name === "on") choose(value, checked);
  if (name === "fault") askArguments();
  else preview();
});

/** Any is all of them; none is any. */
function choose(value, isChecked) {
  if (isChecked) for (const box of boxes()) if ((box.value === "*") !== (value === "*")) box.checked = false;
  if (!boxes().some((box) => box.checked)) boxes()[0].checked = true;
}

at("then").addEventListener("click", () => {
  sequence.push(described());
  preview();
});

at("preview-actions").append(copier("Copy", () => at("preview").textContent, { "aria-label": "Copy as Python" }));

// -- what is armed -----------------------------------------------------------------------------

const nameOf = (one) => one.faults.map((fault) => faultCall(fault).slice(7).replace("()", "")).join(", then ");

function aimOf(one) {
  const words = [one.on.includes("*") ? "any call" : one.on.join(", ")];
  for (const name of ["filename", "file_id", "purpose", "user", "skip", "every", "probability"]) {
    if (one[name] !== null && one[name] !== 0) words.push(`${name.replace("_", " ")} ${one[name]}`);
  }
  if (one.phase === "after") words.push("after the work");
  return words.join(" · ");
}

function countOf(one) {
  const left = one.remaining === null ? "always" : one.remaining === 0 ? "spent" : `${one.remaining} left`;
  return present(one.hits === 0 ? "no hit yet" : plural(one.hits, "hit"), left);
}

/** The armed faults that may have hit a call: the journal keeps the name only. */
export const armedFor = (call) =>
  armed.filter(
    (one) => one.hits > 0 && (one.on.includes("*") || one.on.includes(call.operation)) && one.faults.some((fault) => fault.fault === call.fault)
      && ["file_id", "purpose", "user"].every((name) => one[name] === null || one[name] === call[name])
      && (one.filename === null || /[*?[]/.test(one.filename) || one.filename === call.filename),
  );

function createArmed(one) {
  const name = `${nameOf(one)} on ${aimOf(one)}`;
  return make(
    "li",
    { class: "card", id: `fault-${one.id}`, tabindex: "-1" },
    make("code", { class: "name" }, nameOf(one)),
    make("span", { class: "about" }, `${one.id} · ${aimOf(one)} · `, make("span", { class: "state" })),
    make(
      "span",
      { class: "actions" },
      copier("Copy", () => asInject(one), { "aria-label": `Copy mock.inject for ${name}` }),
      button("Disarm", (press) => disarm(one, press.target.closest("li")), { class: "quiet", "aria-label": `Disarm ${name}` }),
    ),
  );
}

async function disarm(one, row) {
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  if (!(await act("problem", "DELETE", `faults/${one.id}`))) return;
  (neighbour?.querySelector("button:last-child") ?? at("faults")).focus();
  tell(`Disarmed ${nameOf(one)}`);
}

function showArmed() {
  const live = armed.filter((one) => one.remaining !== 0);
  const spent = armed.filter((one) => one.remaining === 0).reverse();
  const update = (row, one) => {
    say(row.querySelector(".state"), countOf(one));
    row.classList.toggle("open", one.id === kept("fault"));
  };
  show(at("armed-list"), live, (one) => one.id, createArmed, update);
  show(at("spent-list"), spent, (one) => one.id, createArmed, update);
  count("armed", live.length);
  at("spent").hidden = spent.length === 0;
  say(at("spent-sum"), `${spent.length} spent`);
  at("disarm-all").hidden = armed.length < 2;
}

at("disarm-all").addEventListener("click", async () => {
  if (await act("problem", "DELETE", "faults")) at("faults").focus();
});

let pointed = "";

/** Unfolds what a link points to, once; that it is spent may be known only at the next look. */
function unfold() {
  const one = armed.find(({ id }) => id === pointed);
  if (!one) return;
  if (one.remaining === 0) {
    at("spent").open = true;
    pointed = "";
  }
  // Once the tab is shown and the list unfolded: what isn't laid out can't be scrolled to.
  setTimeout(() => at(`fault-${one.id}`)?.scrollIntoView({ block: "center" }), 50);
}

onAddress(() => {
  pointed = kept("tab") === "faults" ? kept("fault") : "";
  showArmed();
  unfold();
});

watch(async () => {
  await offer();
  ({ data: armed } = await ask("GET", "faults?limit=200"));
  showArmed();
  if (pointed) unfold();
});
