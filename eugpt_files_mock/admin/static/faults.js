// The forms that arm faults, with all that `inject()` takes, and stub routes; what is armed and stubbed.

import { act, ask, hrefOf, kept, onAddress, opens, remove, watch } from "./page.js";
import { at, button, copier, count, h, hitsOf, inOrder, on, plural, present, say, show, tell } from "./parts.js";
import { MATCHER, asInject, catalogue, faultCall, matcherOf, python } from "./snippets.js";

const KINDS = { answer: "Answer with", connection: "Break the connection", body: "Spoil the answer" };

// The fields, as far as their names and numbers don't say it all.
const LABELS = {
  times: "Hits", filename: "Filename, such as *.pdf", skip: "Skip first", every: "Every nth", phase: "The work is",
  headers: "Headers (JSON)", retry_after: "Retry after (s)", jitter: "Jitter (s)",
};
const TEXTS = ["filename", "file_id", "purpose", "user", "code", "message", "headers"];
const CHOICES = {
  times: { 1: "once", 2: "twice", 3: "3 times", 10: "10 times", "": "always" },
  phase: { "": "not done", after: "done, answer lost" },
  body: { "": "envelope", detail: "detail", error_string: "error string", text: "text", html: "HTML", empty: "empty" },
};
const BEGIN_WITH = { status: 503, seconds: 2, chunk_bytes: 64 };

const form = at("arm");
let armed = [];
let sequence = [];

// -- the form

async function offer() {
  if (catalogue.size) return;
  const offered = await ask("GET", "catalogue");
  for (const fault of offered.faults) catalogue.set(fault.fault, fault);
  offerOperations(offered.operations);
  for (const [kind, faults] of Map.groupBy(offered.faults, (one) => one.kind)) {
    at("catalogue").append(h("fieldset.choice", h("legend", KINDS[kind]), ...faults.map(choiceOf)));
  }
  form.elements.fault.value = "unavailable";
  askArguments();
}

const choiceOf = ({ fault, summary, status }) =>
  h("label", { title: summary }, h("input", { type: "radio", name: "fault", value: fault }), fault, status && h("small", ` ${status}`));

// The operations, and every route that is stubbed, always in the same order.
function offerOperations(names) {
  for (const value of names) {
    const all = boxes().map((box) => box.value);
    if (all.includes(value)) continue;
    const place = inOrder([...all.slice(1), value]).indexOf(value) + 1;
    boxes()[place - 1].parentNode.after(h("label", h("input", { type: "checkbox", name: "on", value }), value));
  }
}

const boxes = () => [...at("operations").querySelectorAll("input")];

const chosen = () => catalogue.get(form.elements.fault.value);

function askArguments() {
  const { arguments: usual, summary } = chosen();
  say(at("summary"), summary.replaceAll("`", ""));
  at("arguments").replaceChildren(...Object.keys(usual).map(fieldOf));
  preview();
}

function fieldOf(name) {
  const options = Object.entries(CHOICES[name] ?? {}).map(([value, text]) => new Option(text, value, false, value === "1"));
  const isText = TEXTS.includes(name);
  const type = isText ? "text" : "number";
  const input = h(options.length ? "select" : "input", { name, type, min: "0", step: "any", value: BEGIN_WITH[name] }, options);
  const label = LABELS[name] ?? name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");
  return h(isText ? "label.wide" : "label", h("span", label), input);
}

const described = () => ({ fault: chosen().fault, ...wordsIn("arguments") });

const matched = () =>
  ({ on: boxes().filter((box) => box.checked).map((box) => box.value), times: null, ...wordsIn("matcher") });

// A field that is empty has its usual value.
function wordsIn(id) {
  const given = [...at(id).querySelectorAll("[name]")].filter((field) => field.value);
  return Object.fromEntries(given.map((field) => [field.name, valueOf(field)]));
}

function valueOf({ name, type, value }) {
  if (type === "number") return Number(value);
  if (type === "text" && name !== "headers") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // a word, or the mock says what it takes
  }
}

function preview() {
  if (!catalogue.size) return;
  say(at("preview"), asInject({ faults: sequence.length ? sequence : [described()], ...matched() }));
  at("sequence").replaceChildren(
    ...sequence.map((one, place) => h("li.cut", faultCall(one), button("✕", `Remove ${one.fault} from the sequence`, () => drop(place)))),
  );
}

function drop(place) {
  sequence.splice(place, 1);
  preview();
  at("then").focus();
}

on("arm", "submit", async (press) => {
  press.preventDefault();
  const fault = sequence.length ? { fault: sequence } : described();
  const words = JSON.stringify({ ...fault, ...matched(), optional: true });
  const done = await act(at("python"), "POST", "faults", words);
  if (!done) return;
  sequence = [];
  preview();
  say(at("armed-now"), `Armed: ${titleOf(done)}`); // an output, which is announced by itself
});

on("arm", "input", ({ target: { name, value, checked } }) => {
  say(at("armed-now"), "");
  if (name === "on") choose(value, checked);
  if (name === "fault") askArguments();
  else preview();
});

// Any is all of them; none is any.
function choose(value, isChecked) {
  const [any, ...others] = boxes();
  if (isChecked) for (const box of value === "*" ? others : [any]) box.checked = false;
  if (!boxes().some((box) => box.checked)) any.checked = true;
}

on("then", "click", () => {
  sequence.push(described());
  preview();
});

const [times, ...others] = Object.keys(MATCHER).map(fieldOf);
at("often").append(times);
at("seldom").append(...others);
at("python").querySelector(".actions").append(copier("Copy", "Copy as Python", () => at("preview").textContent));

// -- what is armed or stubbed: it can be copied as Python, and taken away

function card(path, name, title, about, verb, call) {
  const row = h("li.card", { id: path.replace("/", "-") },
    h("code.name", name),
    h("span.about", about),
    h("span.about", h("span.state"), h("a")),
    h("span.actions",
      copier("Copy", `Copy ${call.split("(")[0]} for ${title}`, () => call),
      button(verb, `${verb} ${title}`, () => remove(row, path, `${verb} ${title}: done`)),
    ),
  );
  return row;
}

const nameOf = (one) => one.faults.map((fault) => faultCall(fault).replace("()", "")).join(", then ");

function aimOf({ on, times, ...matcher }) {
  const words = matcherOf(matcher).map(([name, value]) => `${name.replace("_", " ")} ${value}`);
  return present(on.includes("*") ? "any call" : on.join(", "), ...words);
}

const titleOf = (one) => `${nameOf(one)} on ${aimOf(one)}`;

// The armed faults that may have hit a call: the journal keeps the name only.
export const armedFor = (call) =>
  call.fault === null ? [] : armed.filter(
    (one) =>
      one.hits > 0 &&
      one.faults.some(({ fault }) => fault === call.fault) &&
      (one.on.includes("*") || one.on.includes(call.operation)) &&
      ["filename", "file_id", "purpose", "user"].every(
        (name) => one[name] === null || one[name] === call[name] || /[*?[]/.test(one[name]),
      ),
  );

const createArmed = (one) =>
  card(`faults/${one.id}`, nameOf(one), titleOf(one), `${one.id} · ${aimOf(one)}`, one.remaining === 0 ? "Remove" : "Disarm", asInject(one));

function updateArmed(row, one) {
  say(row.querySelector(".state"), `${hitsOf(one)} `);
  const link = row.querySelector("a");
  link.href = hrefOf({ tab: "requests", armed: one.id, q: "" });
  say(link, one.hits ? `See ${plural(one.hits, "request")}` : "");
  row.classList.toggle("open", one.id === kept("fault"));
}

function showArmed() {
  const { live = [], spent = [] } = Object.groupBy(armed, (one) => (one.remaining === 0 ? "spent" : "live"));
  show(at("armed-list"), live, createArmed, updateArmed);
  show(at("spent-list"), spent.reverse(), createArmed, updateArmed);
  count("armed", live.length);
  say(at("spent-sum"), `${spent.length} spent`);
}

opens("arming", "arm");

onAddress(showArmed);

watch(async () => {
  await offer();
  ({ data: armed } = await ask("GET", "faults?limit=200"));
  showArmed();
});

// -- stubs: what they answer, and how a test makes the same

const USUAL = { status: 200, times: null, check_file_ids: true, model: "gpt-oss-120b", chunks: 3 };

const EXAMPLES = {
  "a response": { response: "Forty-two." },
  "a chat completion": {
    method: "POST",
    path: "/chat/completions",
    json: {
      id: "chatcmpl-1", object: "chat.completion", created: 1767225600, model: "gpt-oss-120b",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Forty-two." } }],
    },
  },
  "a failure": { method: "GET", path: "/models", status: 503, json: { detail: "Busy" }, times: 2 },
};

const textOf = (name) => JSON.stringify(EXAMPLES[name], null, 2);

at("stub-json").value = textOf("a response");
for (const name of Object.keys(EXAMPLES)) {
  at("stub-examples").append(button(name, `Begin with ${name}`, () => (at("stub-json").value = textOf(name))));
}

// Only what isn't as usual: of a function, its name is all that is known.
function createStub({ id, object, operation, hits, remaining, method, path, response, reply, ...words }) {
  const answer = Object.entries(words).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(USUAL[name]));
  const given = answer.map(([name, value]) => `${name}=${python(value)}`);
  if (reply) given.push(`reply=${/^[\w.]+$/.test(reply) ? reply : "reply"}`);
  const begin = response === undefined ? ["stub", python(method), python(path)] : ["stub_response", python(response)];
  const [name, ...values] = [...begin, ...given];
  const call = `mock.${name}(${values.join(", ")})`;
  return card(`stubs/${id}`, operation, operation, h("code", call), "Remove", call);
}

on("stub", "submit", async (press) => {
  press.preventDefault();
  const done = await act(press.target.lastElementChild, "POST", "stubs", at("stub-json").value);
  if (done) tell(`Stubbed ${done.operation}`);
});

opens("stubbing", "stub");

watch(async () => {
  const { data } = await ask("GET", "stubs?limit=200");
  show(at("stub-list"), data.reverse(), createStub, (row, stub) => say(row.querySelector(".state"), hitsOf(stub)));
  count("stubs", data.length);
  offerOperations(data.map((stub) => stub.operation));
});
