// The page asks the control routes every second what there is, and changes only what is new: a node
// stays the same node, so that focus, scroll and what is open stay too.

import "./requests.js";
import "./request.js";
import "./faults.js";
import "./files.js";
import "./stubs.js";
import { act, ask, follow, go, keepLooking, kept, linkTo, onAddress, watch } from "./control.js";
import { askTwice, at, copier, say, tell } from "./parts.js";

const baseUrl = `${location.origin}/v1`;
say(at("base-url"), baseUrl);
say(at("example"), `curl ${baseUrl}/files -H "Authorization: Bearer eugpt_any" \\\n  -F purpose=assistants -F file=@report.pdf`);
at("base-url").after(copier("Copy", () => baseUrl, { "aria-label": "Copy the base URL" }));
at("example").parentElement.after(copier("Copy", () => at("example").textContent, { "aria-label": "Copy the example" }));

askTwice(at("reset"), at("reset").dataset.sure, async () => {
  if (await act("request-problem", "POST", "reset")) tell("Everything was dropped");
});

at("skip").addEventListener("click", (press) => {
  press.preventDefault();
  go({ tab: "requests" });
  at("requests").focus();
});

for (const link of document.querySelectorAll("a[data-tab]")) {
  linkTo(link, { tab: link.dataset.tab });
}

let tab;

onAddress(() => {
  const wanted = kept("tab") || "requests";
  document.body.dataset.tab = wanted;
  for (const link of document.querySelectorAll("a[data-tab]")) {
    if (link.dataset.tab === wanted) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    link.href = `#tab=${link.dataset.tab}`;
  }
  const moved = tab !== undefined && tab !== wanted;
  tab = wanted;
  if (moved) at(wanted)?.focus({ preventScroll: true });
});

/** A slash goes to the filter, unless it is being typed; Escape goes back to the list. */
addEventListener("keydown", (press) => {
  const isTyping = press.target.closest?.("input, textarea, select");
  if (press.key === "/" && !isTyping && !press.ctrlKey && !press.metaKey && !press.altKey) {
    press.preventDefault();
    if (!at("filter").checkVisibility()) go({ tab: "requests" });
    at("filter").focus();
    at("filter").select();
  }
  if (press.key === "Escape" && kept("tab") === "request" && !isTyping) {
    go({ tab: "", request: "" });
    at("requests").focus();
  }
});

let version;

watch(async () => {
  version ??= (await ask("GET", "health")).version;
  say(at("version"), version);
});

follow();
await keepLooking();
