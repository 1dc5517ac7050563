// What every part of the page is made with. All text from outside goes in as text, never as markup.

export const at = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text, null is left out. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** A button that does something. */
export function button(text, act, attributes = {}) {
  const node = make("button", { type: "button", ...attributes }, text);
  node.addEventListener("click", act);
  return node;
}

/** Sets a text only where it differs, so that nothing is selected or announced anew. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows the items in a list, a node for each key, which is kept as long as its item is there. */
export function show(list, items, key, create, update) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const wanted = new Set(items.map((item) => String(key(item))));
  for (const [name, node] of known) if (!wanted.has(name)) node.remove();
  let place = list.firstElementChild;
  for (const item of items) {
    let node = known.get(String(key(item)));
    if (!node) {
      node = create(item);
      node.dataset.key = key(item);
    }
    update?.(node, item);
    if (node === place) place = place.nextElementSibling;
    else move(list, node, place);
  }
}

/** A node that is moved loses the focus, which is given back. */
function move(list, node, place) {
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(node, place);
  focused?.focus({ preventScroll: true });
}

/** Asks back once, in the button itself, and forgets the question after a while. */
export function askTwice(node, question, act) {
  const usual = node.textContent;
  let doubt;
  const ask = (open) => {
    node.classList.toggle("sure", open);
    say(node, open ? question : usual);
  };
  node.addEventListener("click", () => {
    const isSure = node.classList.contains("sure");
    clearTimeout(doubt);
    ask(!isSure);
    if (isSure) act();
    else doubt = setTimeout(() => ask(false), 4000);
  });
  return node;
}

/** A button that copies a text, and says so. */
export function copier(label, text, attributes = {}) {
  const node = button(label, async () => {
    try {
      await navigator.clipboard.writeText(text());
      say(node, "Copied");
      tell("Copied");
    } catch {
      say(node, "The browser refused");
    }
    setTimeout(() => say(node, label), 1500);
  }, { class: "quiet", ...attributes });
  return node;
}

// -- how things are said -----------------------------------------------------------------------

/** Its parts that are there, with dots between them. */
export const present = (...parts) =>
  parts.filter((part) => part !== null && part !== undefined && part !== "").join(" · ");

export const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
export const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** Also of a number that no calendar knows. */
export function timeOf(seconds, format) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : format.format(date);
}

export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

export function sizeOf(bytes) {
  if (bytes < 1000) return plural(bytes, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let step = 0;
  let size = bytes / 1000;
  while (size >= 999.5 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  return `${size < 100 ? size.toFixed(1) : Math.round(size)} ${units[step]}`;
}

/** A span of time, in a unit that suits it. */
export function spanOf(seconds) {
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(seconds < 0.00995 ? 1 : 0)} ms`;
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.round(seconds / 60)} min`;
}

export function count(name, shown) {
  for (const node of document.querySelectorAll(`[data-count="${name}"]`)) {
    say(node, shown.toLocaleString("en"));
  }
}

/** Names and values, those that are there. */
export function listOf(pairs) {
  const given = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const rows = given.map(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  return given.length ? make("dl", {}, ...rows.flat()) : null;
}

/** A text of any length, which scrolls, and so must be reached by the keyboard. */
export const textBlock = (text, label) =>
  make("pre", { tabindex: "0", role: "region", "aria-label": label }, make("code", {}, text));

let news = [];

/** Tells those who listen instead of looking; several things at once are one sentence. */
export function tell(text) {
  if (news.push(text) === 1) {
    setTimeout(() => {
      const many = news.length > 3 ? `${news.length} changes, the last: ${news.at(-1)}` : null;
      at("news").textContent = many ?? news.join(". ");
      news = [];
    }, 300);
  }
}
