// The stored files, newest first.

import { watch } from "./control.js";
import { at, count, make, moment, present, say, show, sizeOf, timeOf } from "./parts.js";

const KEPT = 300; // files on the page; the mock has more

const TONES = { processed: "good", error: "bad", uploaded: "warn" };

function createFile(file) {
  const size = sizeOf(file.bytes);
  const about = present(file.purpose, size, file.user, timeOf(file.created_at, moment));
  return make(
    "li",
    {},
    make("span", { class: "name" }, file.filename),
    make("span", { class: "tag" }),
    make("span", { class: "about" }, about),
    make("span", { class: "about mono" }, file.id),
  );
}

function showFiles({ data, total }) {
  show(at("file-list"), data.reverse(), (file) => file.id, createFile, (row, file) => {
    row.querySelector(".tag").className = `tag ${TONES[file.status] ?? ""}`;
    say(row.querySelector(".tag"), file.status);
  });
  count("files", total);
  at("no-files").hidden = total > 0;
}

watch(`files?limit=${KEPT}`, showFiles);
