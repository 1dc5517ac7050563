// The armed faults, and the form that arms: an operation, then a fault.

import { act, ask, watch } from "./control.js";
import { at, count, make, present, say, show, tell } from "./parts.js";

const titleOf = (armed) => [armed.fault].flat().join(", ");

function aimOf(armed) {
  const words = [armed.on.includes("*") ? "any call" : armed.on.join(", ")];
  for (const name of ["filename", "file_id", "purpose", "user", "skip", "every", "probability"]) {
    if (armed[name] !== null && armed[name] !== 0) words.push(`${name} ${armed[name]}`);
  }
  if (armed.phase === "after") words.push("after the work");
  return words.join(" · ");
}

function stateOf(armed) {
  const hits = armed.hits === 0 ? "no hit yet" : `hit ${armed.hits} time${armed.hits > 1 ? "s" : ""}`;
  if (armed.remaining === 0) return `spent, ${hits}`;
  return `${armed.remaining === null ? "always" : `${armed.remaining} left`}, ${hits}`;
}

function createArmed(armed) {
  const button = make("button", { type: "button", class: "quiet" }, "Disarm");
  button.setAttribute("aria-label", `Disarm ${titleOf(armed)} on ${aimOf(armed)}`);
  button.addEventListener("click", () => disarm(armed, button.parentElement));
  const about = make("span", { class: "about" }, aimOf(armed), " · ", make("span", { class: "state" }));
  return make("li", {}, make("span", { class: "name" }, titleOf(armed)), about, button);
}

async function disarm(armed, row) {
  const neighbour = row.nextElementSibling ?? row.previousElementSibling;
  await act("DELETE", `faults/${armed.id}`);
  (neighbour?.querySelector("button") ?? at("faults")).focus();
  tell(`Disarmed ${titleOf(armed)}`);
}

function showArmed({ data: armed }) {
  show(at("armed-list"), armed, (one) => one.id, createArmed, (row, one) => {
    row.classList.toggle("spent", one.remaining === 0);
    say(row.querySelector(".state"), stateOf(one));
    say(row.querySelector("button"), one.remaining === 0 ? "Remove" : "Disarm");
  });
  count("armed", armed.filter((one) => one.remaining !== 0).length);
  at("disarm-all").hidden = armed.length < 2;
}

// -- arming ------------------------------------------------------------------------------------

const KINDS = { answer: "Answer with", connection: "Cut the connection", body: "Spoil the answer" };
const BEGIN_WITH = { status: 503, seconds: 2, chunk_bytes: 64 };
const LABELS = { status: "Status", seconds: "Seconds", chunk_bytes: "Bytes a piece" };
const UNITS = { seconds: " s", chunk_bytes: " B" };

export async function offerFaults() {
  const { operations, faults } = await ask("GET", "catalogue");
  for (const operation of ["*", ...operations]) {
    const radio = make("input", { type: "radio", name: "on", value: operation });
    radio.checked = operation === "*";
    const label = operation === "*" ? "any" : operation;
    at("operations").append(make("label", {}, radio, make("span", {}, label)));
  }
  for (const name of new Set(faults.flatMap((fault) => fault.required))) {
    const input = make("input", { type: "number", name, min: "0", step: "any" });
    input.value = BEGIN_WITH[name] ?? 1;
    at("numbers").append(make("label", {}, make("span", {}, LABELS[name] ?? name), input));
  }
  for (const [kind, title] of Object.entries(KINDS)) {
    const palette = make("div", { class: "palette", role: "group", "aria-label": title });
    palette.append(...faults.filter((fault) => fault.kind === kind).map(buttonOf));
    at("catalogue").append(make("h3", { class: "kind" }, title), palette);
  }
}

function buttonOf(fault) {
  const button = make("button", { type: "button", title: fault.summary }, fault.fault);
  const value = make("small");
  const numbers = () => fault.required.map((name) => valueOf(name) + (UNITS[name] ?? ""));
  const fill = () => say(value, present(fault.status, ...numbers()));
  fill();
  at("numbers").addEventListener("input", fill);
  if (value.textContent) button.append(" ", value);
  button.addEventListener("click", () => arm(fault));
  return button;
}

const valueOf = (name) => at("arm").elements[name].value;

async function arm(fault) {
  const parameters = fault.required.map((name) => [name, Number(valueOf(name))]);
  const armed = await act("POST", "faults", {
    fault: fault.fault,
    ...Object.fromEntries(parameters),
    on: valueOf("on"),
    times: at("times").value === "" ? null : Number(at("times").value),
    phase: at("phase").value,
    optional: true,
  });
  if (armed) tell(`Armed ${titleOf(armed)} on ${aimOf(armed)}`);
}

at("disarm-all").addEventListener("click", async () => {
  await act("DELETE", "faults");
  at("faults").focus();
});

at("arm").addEventListener("submit", (press) => press.preventDefault());

watch("faults", showArmed);
