// The page asks the control routes every second what there is, and changes only what is new: a node
// stays the same node, so that focus, scroll and what is open stay too.

import "./requests.js";
import "./files.js";
import { act, ask, keepLooking } from "./control.js";
import { offerFaults } from "./faults.js";
import { at, say, tell } from "./parts.js";

const SURE_FOR = 4000; // milliseconds in which a second press does what cannot be undone

const baseUrl = `${location.origin}/v1`;
say(at("base-url"), baseUrl);
say(at("example"), `curl ${baseUrl}/files -H "Authorization: Bearer eugpt_any" \\\n  -F purpose=assistants -F file=@report.pdf`);

at("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(baseUrl);
  say(at("copy"), "Copied");
  setTimeout(() => say(at("copy"), "Copy"), 1500);
});

let doubt;

/** Asks back once, in the button itself, and forgets the question after a while. */
at("reset").addEventListener("click", async () => {
  const wasSure = at("reset").classList.contains("sure");
  clearTimeout(doubt);
  askBack(!wasSure);
  if (!wasSure) doubt = setTimeout(() => askBack(false), SURE_FOR);
  else if (await act("POST", "reset")) tell("Everything was dropped");
});

function askBack(open) {
  at("reset").classList.toggle("sure", open);
  say(at("reset"), open ? at("reset").dataset.sure : "Reset");
}

const { version } = await ask("GET", "health");
say(at("version"), version);
await offerFaults();
await keepLooking();
