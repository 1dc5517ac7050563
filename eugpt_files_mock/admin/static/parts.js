// What every part of the page is made with. All text from outside goes in as text, never as markup.

export const at = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
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
    else list.insertBefore(node, place);
  }
}

// -- how things are said -----------------------------------------------------------------------

/** Its parts that are there, with dots between them. */
export const present = (...parts) =>
  parts.filter((part) => part !== null && part !== undefined && part !== "").join(" · ");

export const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
export const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export const timeOf = (seconds, format) => format.format(new Date(seconds * 1000));

export function sizeOf(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let step = 0;
  let size = bytes;
  while (size >= 1000 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  return `${step && size < 100 ? size.toFixed(1) : Math.round(size)} ${units[step]}`;
}

export function count(name, shown) {
  for (const node of document.querySelectorAll(`[data-count="${name}"]`)) say(node, String(shown));
}

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
