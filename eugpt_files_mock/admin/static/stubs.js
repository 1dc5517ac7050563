// The stubs: answers for the rest of the API, added from JSON.

import { act, ask, watch } from "./control.js";
import { at, button, copier, count, make, plural, present, say, show, tell } from "./parts.js";
import { offerOperations } from "./faults.js";
import { python } from "./snippets.js";

const EXAMPLES = {
  json: { method: "POST", path: "/responses", json: { output_text: "Forty-two." } },
  events: { method: "POST", path: "/responses", events: [{ type: "response.output_text.delta", delta: "Forty-two." }] },
  error: { method: "GET", path: "/conversations/{id}", status: 404, json: { detail: "No such conversation" } },
};

const SHOWN_APART = ["id", "object", "operation", "hits", "remaining", "method", "path"];

/** What it answers, as far as that was said. */
const wordsOf = (stub) =>
  Object.fromEntries(Object.entries(stub).filter(([name, value]) => !SHOWN_APART.includes(name) && value !== null));

function asStub(stub) {
  const [method, path] = stub.operation.split(" ");
  const words = Object.entries(wordsOf(stub)).map(([name, value]) => `${name}=${python(value)}`);
  return `mock.stub(${[python(method), python(path), ...words].join(", ")})`;
}

function createStub(stub) {
  return make(
    "li",
    { class: "card" },
    make("code", { class: "name" }, stub.operation),
    make("span", { class: "about" }, JSON.stringify(wordsOf(stub))),
    make("span", { class: "about state" }),
    make(
      "span",
      { class: "actions" },
      copier("Copy", () => asStub(stub), { "aria-label": `Copy mock.stub for ${stub.operation}` }),
      button("Remove", () => remove(stub), { class: "quiet", "aria-label": `Remove ${stub.operation}` }),
    ),
  );
}

function updateStub(row, { hits, remaining }) {
  const left = remaining === null || remaining === undefined ? null : remaining === 0 ? "used up" : `${remaining} left`;
  say(row.querySelector(".state"), present(hits ? plural(hits, "hit") : "no hit yet", left));
}

async function remove(stub) {
  if (!(await act("stub-problem", "DELETE", `stubs/${stub.id}`))) return;
  tell(`Removed ${stub.operation}`);
  at("stubs").focus();
}

at("stub").addEventListener("submit", async (press) => {
  press.preventDefault();
  let words;
  try {
    words = JSON.parse(at("stub-json").value);
  } catch (error) {
    say(at("stub-problem"), `This isn't JSON: ${error.message}`);
    at("stub-problem").hidden = false;
    return;
  }
  const done = await act("stub-problem", "POST", "stubs", words);
  if (done) tell(`Stubbed ${done.operation}`);
});

const begin = () => (at("stub-json").value = JSON.stringify(EXAMPLES[at("stub-example").value], null, 2));

at("stub-example").addEventListener("change", begin);
begin();

watch(async () => {
  const { data } = await ask("GET", "stubs").catch((error) => {
    if (error.status !== 404) throw error;
    return { data: [] }; // no such route yet
  });
  show(at("stub-list"), data.reverse(), (stub) => stub.id, createStub, updateStub);
  count("stubs", data.length);
  at("no-stubs").hidden = data.length > 0;
  offerOperations([...new Set(data.map((stub) => stub.operation))]);
});
