// What every part of the page is made with. All text from outside goes in as text, never as markup.

export const at = (id) => document.getElementById(id);

export const on = (id, event, act) => at(id).addEventListener(event, act);

// An element, as in `h("p.soft", { title }, "text")`: functions listen to the event of their name,
// strings become text, and what is null, false or empty is left out.
export function h(name, ...children) {
  const [tag, ...classes] = name.split(".");
  const node = document.createElement(tag);
  node.classList.add(...classes.filter(Boolean));
  const words = children[0]?.constructor === Object ? children.shift() : {};
  for (const [word, value] of Object.entries(words)) {
    if (typeof value === "function") node.addEventListener(word, value);
    else if (value) node.setAttribute(word, value === true ? "" : value);
  }
  node.append(...children.flat().filter(Boolean));
  return node;
}

// Sets a text only where it differs, so that nothing is selected or announced anew.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Shows items in a list, each in a node of its own; the focus goes on to the one beside it.
export function show(list, items, create, update) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => {
    const node = known.get(item.id) ?? create(item);
    known.delete(item.id);
    node.dataset.key = item.id;
    update(node, item);
    return node;
  });
  for (const node of known.values()) {
    const beside = node.nextElementSibling ?? node.previousElementSibling;
    const next = beside?.querySelector("summary, button:last-child") ?? list.closest(".pane");
    if (node.contains(document.activeElement)) next.focus();
    node.remove();
  }
  let place = list.firstElementChild;
  for (const node of nodes) {
    const focused = document.activeElement;
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
    if (node.contains(focused)) focused.focus({ preventScroll: true }); // which a move takes away
  }
}

export const button = (text, name, click) =>
  h("button.quiet", { type: "button", "aria-label": name, click }, text);

export function copier(text, name, read) {
  const node = button(text, name, async () => {
    const done = navigator.clipboard.writeText(read()).then(() => "Copied", () => "The browser refused");
    say(node, await done);
    tell(node.textContent);
    setTimeout(() => say(node, text), 1500);
  });
  return node;
}

// Asks back once, in the button itself, and forgets the question after a while.
export function askTwice(node, question, act) {
  const usual = node.textContent;
  const ask = (isOpen) => {
    node.classList.toggle("sure", isOpen);
    say(node, isOpen ? question : usual);
  };
  node.addEventListener("click", () => {
    const isSure = node.classList.contains("sure");
    ask(!isSure);
    if (isSure) act();
    else setTimeout(() => ask(false), 4000);
  });
  return node;
}

export function listOf(values) {
  const given = Object.entries(values).filter(([, value]) => value);
  return h("dl", given.flatMap(([name, value]) => [h("dt", name), h("dd", {}, value)]));
}

export function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// A text of any length, which scrolls, and so must be reached by the keyboard.
export const textBlock = (text, label) =>
  h("pre", { tabindex: "0", role: "region", "aria-label": label }, h("code", text));

// Saves a text under a name, as if it were downloaded.
export function save(name, text) {
  const href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

// -- how things are said

const FIRST = ["upload", "list", "retrieve", "download", "delete"];

// Numbers, these operations, and then names, so that a list is the same at each load.
export const inOrder = (words) =>
  [...words].sort((one, other) => placeOf(one) - placeOf(other) || one.localeCompare(other, "en"));

function placeOf(word) {
  // Before any name.
  if (/^\d+$/.test(word)) return Number(word) - 1e6;
  const place = FIRST.indexOf(word);
  return place < 0 ? FIRST.length : place;
}

export const present = (...parts) => parts.filter(Boolean).join(" · ");

// Also of a number that no calendar knows.
function timeIn(styles) {
  const format = new Intl.DateTimeFormat(undefined, styles);
  return (seconds) => (Math.abs(seconds) > 8.64e12 ? `${seconds} s` : format.format(seconds * 1000));
}

export const clockOf = timeIn({ timeStyle: "medium" });
export const momentOf = timeIn({ dateStyle: "medium", timeStyle: "medium" });

export const number = (value) => value.toLocaleString("en");

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export function sizeOf(bytes) {
  const step = Math.floor(Math.log10(bytes || 1) / 3);
  return step ? `${(bytes / 1000 ** step).toFixed(1)} ${"kMGTP"[step - 1]}B` : plural(bytes, "byte");
}

export function spanOf(seconds) {
  const [value, unit] = seconds < 0.1 ? [seconds * 1000, "ms"] : seconds < 90 ? [seconds, "s"] : [seconds / 60, "min"];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

export const hitsOf = ({ hits, remaining }) =>
  present(hits ? plural(hits, "hit") : "no hit yet", remaining === null ? "always" : remaining ? `${remaining} left` : "spent");

export function count(name, total) {
  for (const node of document.querySelectorAll(`[data-count="${name}"]`)) say(node, number(total));
}

// Tells those who listen instead of looking.
export function tell(text) {
  at("news").textContent = text;
}
