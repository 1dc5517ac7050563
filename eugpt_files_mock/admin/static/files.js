// The stored files, newest first: looked at, saved, moved on, deleted, added.

import { act, ask, keep, kept, ofTenant, remove, watch } from "./page.js";
import {
  askTwice, at, count, h, indented, listOf, momentOf, number, on, plural, present, say, show, sizeOf, tell, textBlock,
} from "./parts.js";

const LISTED = 200; // files on the page; the mock may have more
const LARGEST_LOOK = 20e6; // bytes of a file that is fetched to be looked at
const LONGEST_TEXT = 50_000; // characters
const TONES = { processed: "good", error: "bad", uploaded: "warn" };

const pathOf = (file) => `files/${encodeURIComponent(file.id)}`;

function createFile(file) {
  const summary = h("summary", h("span.name", file.filename), h("span.tag"), h("span.about"));
  const details = h("details", { name: "file" }, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(openedOf(file));
    if (details.open !== (kept("file") === file.id)) keep({ file: details.open ? file.id : "" });
  });
  return h("li", details);
}

function updateFile(row, file) {
  const [, tag, about] = row.querySelector("summary").children;
  tag.className = `tag ${TONES[file.status]}`;
  say(tag, file.status);
  say(about, present(file.purpose, sizeOf(file.bytes), file.user, momentOf(file.created_at), file.status_details));
}

// -- one of them, opened

function openedOf(file) {
  const look = h("div.preview", h("p.soft", "Loading"));
  preview(file)
    .catch((error) => h("p.bad", error.message))
    .then((shown) => look.replaceChildren(...[shown].flat()));
  const drop = h("button.quiet", { "aria-label": `Delete ${file.filename}` }, "Delete");
  return h("div.opened",
    look,
    listOf({
      Id: file.id,
      Type: file.content_type,
      Size: plural(file.bytes, "byte"),
      User: file.user,
    }),
    statusOf(file),
    h("p.actions",
      h("a.button", { href: ofTenant(`${pathOf(file)}/content`), download: file.filename }, "Save"),
      askTwice(drop, "Really delete it?", () => remove(drop.closest("li"), pathOf(file), `Deleted ${file.filename}`)),
    ),
  );
}

function statusOf(file) {
  const status = h("select", Object.keys(TONES).map((one) => h("option", { selected: one === file.status }, one)));
  const why = h("input", { placeholder: "why it failed", value: file.status_details });
  const set = async () => {
    const words = { status: status.value, status_details: (status.value === "error" && why.value) || null };
    const done = await act(at("file-list"), "PATCH", pathOf(file), JSON.stringify(words));
    if (done) tell(`${file.filename} is ${done.status}`);
  };
  return h("div.settings",
    h("label", h("span", "Status"), status),
    h("label", h("span", "Details"), why),
    h("button", { click: set }, "Set"),
  );
}

// -- what is in it

// By its bytes, not by what it is called: a name may say anything.
async function preview(file) {
  if (file.bytes === 0) return h("p.soft", "It is empty.");
  if (file.bytes > LARGEST_LOOK) return h("p.soft", "Too large to look at: save it.");
  const answer = await fetch(ofTenant(`${pathOf(file)}/content`));
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (String.fromCharCode(...bytes.subarray(0, 5)) === "%PDF-") {
    // The browser's own viewer, in a frame of its own.
    return h("iframe", { src: URL.createObjectURL(new Blob([bytes], { type: "application/pdf" })), title: file.filename });
  }
  const image = await createImageBitmap(new Blob([bytes])).catch(() => null);
  if (image) return drawn(image, file.filename);
  try {
    return textOf(file, new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return h("p.soft", "Neither text, image nor PDF: save it.");
  }
}

// Drawn, not linked: what is drawn can do nothing.
function drawn(image, name) {
  const { width, height } = image;
  const canvas = h("canvas", { width, height, role: "img", "aria-label": name });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return [canvas, h("p.soft", `${width} × ${height} pixels`)];
}

function textOf({ filename, content_type: type }, text) {
  const label = `Content of ${filename}`;
  const isTable = /csv/i.test(type) || /\.[ct]sv$/i.test(filename);
  const shown = isTable ? tableOf(text, label) : textBlock(indented(text).slice(0, LONGEST_TEXT), label);
  return text.length > LONGEST_TEXT ? [shown, h("p.soft", "Only the beginning is shown.")] : shown;
}

function tableOf(text, label) {
  const [head = [], ...rows] = rowsOf(text.slice(0, LONGEST_TEXT));
  const table = h("table",
    h("thead", h("tr", head.map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", rows.map((row) => h("tr", row.map((cell) => h("td", cell))))),
  );
  return h("div.table", { tabindex: "0", role: "region", "aria-label": label }, table);
}

// Cells may be quoted, and then hold separators, line breaks, and quotes that are doubled.
function rowsOf(text) {
  const separator = text.split("\n", 1)[0].match(/[\t;,]/)?.[0] ?? ",";
  const cell = new RegExp(`("(?:[^"]|"")*"|[^${separator}\\r\\n]*)(${separator}|\\r?\\n|$)`, "g");
  const rows = [[]];
  for (const [, value, end] of text.matchAll(cell)) {
    rows.at(-1).push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (end !== separator) rows.push([]);
  }
  return rows.filter((row) => row.join(""));
}

// -- adding

async function add(chosen) {
  for (const file of chosen) {
    const form = new FormData();
    form.append("purpose", at("file-purpose").value || "assistants");
    form.append("file", file);
    if (!(await act(at("file-list"), "POST", "files", form))) return;
    tell(`${file.name} was added`);
  }
}

on("add-files", "click", () => at("file-input").click());

on("file-input", "change", async () => {
  await add([...at("file-input").files]);
  at("file-input").value = "";
});

for (const name of ["dragover", "dragleave", "drop"]) {
  addEventListener(name, (drag) => {
    if (!drag.dataTransfer?.types.includes("Files")) return;
    drag.preventDefault();
    document.body.classList.toggle("dropping", name === "dragover");
    if (name === "drop") add([...drag.dataTransfer.files]);
  });
}

// -- the list

watch(async (isKept) => {
  if (isKept("files")) return;
  const { data, total } = await ask("GET", `files?limit=${LISTED}`);
  show(at("file-list"), data.reverse(), createFile, updateFile);
  count("files", total);
  const isGone = kept("file") && !data.some((file) => file.id === kept("file"));
  const gone = isGone && "That file isn't stored any more, or not among those shown.";
  say(at("file-note"), present(gone, total > LISTED && `The newest ${LISTED} of ${number(total)}.`));
});
