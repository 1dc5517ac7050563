// The table of a sweep: what the code did under every failure, at every call. A cell opens its calls.

import { ask, hrefOf, keep, kept, onAddress, watch } from "./page.js";
import { at, clockOf, h, plural, present, spanOf, textBlock } from "./parts.js";

const TONES = { ok: "good", "gave up": "warn", raised: "wait", WRONG: "bad" };

let shown; // what is on the page: it is made anew only when that changes
let sweep = null;

const nameOf = ({ call, failure }) => `${call}/${failure}`;

function draw() {
  const chosen = kept("cell");
  const state = JSON.stringify([sweep, chosen]);
  if (state === shown) return;
  shown = state;
  at("to-sweep").hidden = sweep === null;
  const focused = document.activeElement?.closest("#sweep a")?.hash;
  at("sweep").replaceChildren(...(sweep === null ? [h("p.note", "No sweep has run over this port.")] : partsOf(sweep, chosen)));
  if (focused) [...at("sweep").querySelectorAll("a")].find((link) => link.hash === focused)?.focus();
}

function partsOf({ runs, total, ok, columns, rows, cells, notes, state }, chosen) {
  const wrong = cells.filter((cell) => cell.outcome === "WRONG").length;
  const cell = cells.find((one) => nameOf(one) === chosen);
  return [
    h("header", h("h2", "Sweep"), h(`span.tag.${ok ? "good" : "bad"}`, wrong ? `${wrong} WRONG` : state)),
    h("p.note", present(total ? `${runs} of ${plural(total, "run")}` : plural(runs, "run"), ...notes)),
    h("div.table", { tabindex: "0", role: "region", "aria-label": "What the code did" },
      h("table",
        h("thead", h("tr", h("th", { scope: "col" }, "Call"), columns.map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", rows.map((row) => h("tr", h("th", { scope: "row" }, row), columns.map((column) => h("td", linkTo(cells, row, column)))))),
      ),
    ),
    cell ? detailOf(cell) : h("p.note", "Choose a cell to see what came."),
  ];
}

function linkTo(cells, call, failure) {
  const cell = cells.find((one) => one.call === call && one.failure === failure);
  if (!cell || cell.outcome === "-") return cell?.outcome ?? "";
  const text = cell.outcome.replace(/[()]/g, "");
  const words = { href: hrefOf({ tab: "sweep", cell: nameOf(cell) }), "aria-label": `${cell.outcome}: ${nameOf(cell)}` };
  return h(`a.mark.${TONES[text]}`, words, cell.outcome);
}

function detailOf(cell) {
  return h("section.block", { "aria-label": nameOf(cell) },
    h("h3", nameOf(cell)),
    h("p", `It was ${cell.outcome}.`),
    cell.why.length > 0 && textBlock([...cell.why, ...cell.cures.map((cure) => `To fix it: ${cure}`)].join("\n"), "Why"),
    h("p", "What came:"),
    h("ol", cell.calls.map(callOf)),
  );
}

function callOf({ operation, method, path, status, filename, fault, error, message, started_at: started, duration }) {
  const tone = status === null ? "cut" : status < 400 ? "good" : status < 500 ? "warn" : "bad";
  return h("li.card",
    h("span", h(`span.tag.${tone}`, status ?? "no answer"), " ", h("b", operation ?? `${method} ${path}`), filename && ` ${filename}`),
    h("span.about", present(fault && `⚡ ${fault}`, error, message, spanOf(duration ?? 0), clockOf(started))),
  );
}

onAddress(draw);

watch(async (isKept) => {
  if (isKept("sweep")) return;
  ({ sweep } = await ask("GET", "sweep"));
  if (kept("cell") && sweep === null) keep({ cell: "" });
  draw();
});
