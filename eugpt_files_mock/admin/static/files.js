// The stored files, newest first: looked at, saved, moved on, deleted, added.

import { act, ask, keep, kept, ofWorld, onAddress, watch } from "./control.js";
import { askTwice, at, button, count, listOf, make, moment, plural, present, say, show, sizeOf, tell, textBlock, timeOf } from "./parts.js";

const LISTED = 200; // files on the page; the mock may have more
const LARGEST_LOOK = 20e6; // bytes of a file that is fetched to be looked at
const LONGEST_TEXT = 100_000; // characters
const MOST_ROWS = 200;
const MOST_COLUMNS = 30;
const TONES = { processed: "good", error: "bad", uploaded: "warn" };

let files = [];

const pathOf = (file) => `files/${encodeURIComponent(file.id)}`;

function createFile(file) {
  const summary = make(
    "summary",
    {},
    make("span", { class: "name" }, file.filename),
    make("span", { class: "tag" }),
    make("span", { class: "about" }, present(file.purpose, sizeOf(file.bytes), file.user, timeOf(file.created_at, moment))),
  );
  const details = make("details", {}, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(openedOf(file));
    if (details.open !== (kept("file") === file.id)) keep({ file: details.open ? file.id : "" });
  });
  return make("li", {}, details);
}

function updateFile(row, file) {
  const tag = row.querySelector(".tag");
  tag.className = `tag ${TONES[file.status] ?? ""}`;
  say(tag, file.status);
  const why = row.querySelector(".details");
  if (why) say(why, file.status_details ?? "");
}

// -- one of them, opened -----------------------------------------------------------------------

function openedOf(file) {
  const look = make("div", { class: "preview" }, make("p", { class: "soft" }, "Loading"));
  preview(file)
    .then((shown) => look.replaceChildren(...[shown].flat()))
    .catch((error) => look.replaceChildren(make("p", { class: "problem" }, error.message)));
  return make(
    "div",
    { class: "opened" },
    look,
    listOf([
      ["Id", make("span", { class: "mono" }, file.id)],
      ["Type", file.content_type],
      ["Size", plural(file.bytes, "byte")],
      ["Owner", file.user],
      ["Details", make("span", { class: "details" }, file.status_details ?? "")],
    ]),
    statusOf(file),
    make(
      "p",
      { class: "actions" },
      make("a", { class: "button", href: ofWorld(`${pathOf(file)}/content`), download: file.filename }, "Save"),
      askTwice(make("button", { type: "button", class: "quiet", "aria-label": `Delete ${file.filename}` }, "Delete"), "Really delete it?", () => remove(file)),
    ),
  );
}

function statusOf(file) {
  const select = make("select", {}, ...Object.keys(TONES).map((status) => make("option", { selected: status === file.status }, status)));
  const details = make("input", { type: "text", placeholder: "why it failed", value: file.status_details ?? "" });
  const set = button("Set", async () => {
    const words = { status: select.value, status_details: details.value || null };
    if (await act("file-problem", "PATCH", pathOf(file), words)) tell(`${file.filename} is ${select.value}`);
  });
  const why = make("label", {}, make("span", {}, "Details"), details);
  const fit = () => (why.hidden = select.value !== "error");
  select.addEventListener("change", () => {
    if (select.value !== "error") details.value = "";
    fit();
  });
  fit();
  return make("div", { class: "settings" }, make("label", {}, make("span", {}, "Status"), select), why, set);
}

async function remove(file) {
  if (!(await act("file-problem", "DELETE", pathOf(file)))) return;
  tell(`${file.filename} was deleted`);
  at("files").focus();
}

// -- what is in it -----------------------------------------------------------------------------

const STARTS = { "image/png": [0x89, 0x50, 0x4e, 0x47], "image/jpeg": [0xff, 0xd8, 0xff], "image/gif": [0x47, 0x49, 0x46, 0x38], "application/pdf": [0x25, 0x50, 0x44, 0x46, 0x2d] };

/** By its first bytes, not by what it is called: a name may say anything. */
async function preview(file) {
  if (file.bytes === 0) return make("p", { class: "soft" }, "It is empty.");
  if (file.bytes > LARGEST_LOOK) return make("p", { class: "soft" }, "It is too large to look at; save it.");
  const answer = await fetch(ofWorld(`${pathOf(file)}/content`));
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const type = Object.keys(STARTS).find((one) => STARTS[one].every((byte, place) => bytes[place] === byte));
  if (type === "application/pdf") return documentOf(file, bytes);
  if (type) return imageOf(file, new Blob([bytes], { type }));
  try {
    return textOf(file, new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return textBlock(dump(bytes.subarray(0, 512)), `First bytes of ${file.filename}`);
  }
}

/** Drawn, not linked: what is drawn can do nothing. */
async function imageOf(file, blob) {
  try {
    const image = await createImageBitmap(blob);
    const canvas = make("canvas", { width: image.width, height: image.height, role: "img", "aria-label": file.filename });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return [canvas, make("p", { class: "soft" }, `${image.width} × ${image.height} pixels`)];
  } catch {
    return make("p", { class: "soft" }, "It begins like a picture, and can't be drawn.");
  }
}

/** The browser's own viewer, in a frame of its own. */
function documentOf(file, bytes) {
  const src = URL.createObjectURL(new Blob([bytes], { type: "application/pdf" }));
  return make("iframe", { src, title: file.filename });
}

function textOf(file, text) {
  const cut = text.slice(0, LONGEST_TEXT);
  const note = cut.length < text.length ? [make("p", { class: "soft" }, `The first ${sizeOf(LONGEST_TEXT)}.`)] : [];
  const label = `Content of ${file.filename}`;
  if (/csv/i.test(file.content_type) || /\.[ct]sv$/i.test(file.filename)) return [tableOf(cut, label), ...note];
  try {
    return textBlock(JSON.stringify(JSON.parse(text), null, 2).slice(0, LONGEST_TEXT), label);
  } catch {
    return [textBlock(cut, label), ...note];
  }
}

function tableOf(text, label) {
  const all = rowsOf(text, text.split("\n", 1)[0].includes("\t") ? "\t" : text.split("\n", 1)[0].includes(";") ? ";" : ",");
  const [first, ...rest] = all.slice(0, MOST_ROWS).map((row) => row.slice(0, MOST_COLUMNS));
  const table = make(
    "table",
    {},
    make("thead", {}, make("tr", {}, ...(first ?? []).map((cell) => make("th", { scope: "col" }, cell)))),
    make("tbody", {}, ...rest.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))),
  );
  return make("div", { class: "table", tabindex: "0", role: "region", "aria-label": label }, table);
}

/** Cells may be quoted, and then hold separators, line breaks, and quotes that are doubled. */
function rowsOf(text, separator) {
  const rows = [[""]];
  let isQuoted = false;
  for (let place = 0; place < text.length && rows.length <= MOST_ROWS; place += 1) {
    const sign = text[place];
    const row = rows.at(-1);
    if (sign === '"' && isQuoted && text[place + 1] === '"') row[row.length - 1] += text[(place += 1)];
    else if (sign === '"') isQuoted = !isQuoted;
    else if (sign === separator && !isQuoted) row.push("");
    else if (sign === "\n" && !isQuoted) rows.push([""]);
    else if (sign !== "\r" || isQuoted) row[row.length - 1] += sign;
  }
  return rows.filter((row) => row.length > 1 || row[0]);
}

function dump(bytes) {
  const lines = [];
  for (let start = 0; start < bytes.length; start += 8) {
    const part = [...bytes.subarray(start, start + 8)];
    const signs = part.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    lines.push(`${start.toString(16).padStart(4, "0")}  ${part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ").padEnd(24)} ${signs}`);
  }
  return lines.join("\n");
}

// -- adding ------------------------------------------------------------------------------------

async function add(chosen) {
  for (const file of chosen) {
    const form = new FormData();
    form.append("purpose", at("file-purpose").value || "assistants");
    form.append("file", file, file.name);
    if (!(await act("file-problem", "POST", "files", form))) return;
    tell(`${file.name} was added`);
  }
}

at("add-files").addEventListener("click", () => at("file-input").click());

at("file-input").addEventListener("change", async () => {
  await add([...at("file-input").files]);
  at("file-input").value = "";
});

const hasFiles = (drag) => drag.dataTransfer?.types.includes("Files");

addEventListener("dragover", (drag) => {
  if (!hasFiles(drag)) return;
  drag.preventDefault();
  document.body.classList.add("dropping");
});

addEventListener("dragleave", (drag) => {
  if (!drag.relatedTarget) document.body.classList.remove("dropping");
});

addEventListener("drop", (drag) => {
  if (!hasFiles(drag)) return;
  drag.preventDefault();
  document.body.classList.remove("dropping");
  add([...drag.dataTransfer.files]);
});

// -- the list ----------------------------------------------------------------------------------

function openWanted() {
  const id = kept("tab") === "files" ? kept("file") : "";
  for (const row of at("file-list").children) {
    const details = row.firstElementChild;
    if (details.open === (row.dataset.key === id)) continue;
    details.open = row.dataset.key === id;
    if (details.open) row.scrollIntoView({ block: "start" });
  }
  at("file-gone").hidden = !id || files.some((file) => file.id === id);
}

onAddress(openWanted);

let asked = "";

watch(async (isPaused) => {
  if (isPaused) return;
  const { data, total } = await ask("GET", `files?limit=${LISTED}`);
  files = data.reverse();
  show(at("file-list"), files, (file) => file.id, createFile, updateFile);
  count("files", total);
  at("no-files").hidden = total > 0;
  at("file-note").hidden = total <= files.length;
  say(at("file-note"), `The newest ${files.length} of ${total.toLocaleString("en")}.`);
  if (asked !== kept("file") || at("file-gone").hidden === false) openWanted();
  asked = kept("file");
});
