// The page as a whole: it asks the control routes every second what there is, and changes only what
// is new, so that focus, scroll and what is open stay; its address keeps what is looked at.

import { askTwice, at, copier, h, on, plural, say, tell } from "./parts.js";

const PAUSE = 1000; // milliseconds between two looks

// A path with the key whose tenant the page shows, if its own address has one.
export const ofTenant = (path) =>
  path + (path.includes("?") ? location.search.replace("?", "&") : location.search);

export async function ask(method, path, body) {
  const answer = await fetch(ofTenant(path), { method, body }).catch(() => {
    throw new Error("The mock doesn't answer. Start it again, and this page goes on."); // browsers' own words say nothing
  });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.detail), { status: answer.status });
  return { ...json, total: Number(answer.headers.get("X-Total-Count")) };
}

const problem = h("p.problem.bad", { id: "problem", role: "alert" });

// Does what was pressed, then looks; what is refused is said above the place.
export async function act(place, method, path, body) {
  problem.remove();
  try {
    return await ask(method, path, body);
  } catch (error) {
    say(problem, error.message);
    place.before(problem);
  } finally {
    touched = path;
    await look();
    touched = "";
  }
}

export async function remove(row, path, said) {
  if (await act(row.parentElement, "DELETE", path)) tell(said);
}

// -- looking

const watched = [];
let looking;
let isPaused = false;
let touched = ""; // the path of what was just pressed: that is looked at although it is paused

export const watch = (see) => watched.push(see);

// Looks once at everything; looks that overlap are one look, and one more.
async function look() {
  while (looking) await looking;
  looking = lookOnce();
  await looking;
  looking = undefined;
}

async function lookOnce() {
  try {
    if (!at("version").textContent) say(at("version"), (await ask("GET", "health")).version);
    const isKept = (name) => isPaused && !/^reset/.test(touched) && !touched.startsWith(name);
    const missed = (await Promise.all(watched.map((see) => see(isKept)))).find(Boolean);
    const news = missed < 0 ? ", emptied since" : missed ? `, ${plural(missed, "new request")}` : "";
    pulse(isPaused ? "warn" : "good", isPaused ? `Paused${news}` : "Live");
  } catch (error) {
    pulse("bad", error.message);
  }
  markLinks();
  seek();
}

function pulse(tone, text) {
  at("pulse").className = tone;
  say(at("pulse"), text);
}

on("pause", "click", () => {
  isPaused = !isPaused;
  at("pause").setAttribute("aria-pressed", isPaused);
  tell(isPaused ? "Paused" : "Live");
  look();
});

// -- the address

const followers = [];
let tab;

const wordsIn = (hash) => new URLSearchParams(hash.slice(1));

export const kept = (name) => wordsIn(location.hash).get(name) ?? (name === "tab" ? "requests" : "");

// Changes words of the address; a filter stays whatever is opened.
export function keep(words) {
  const all = wordsIn(location.hash);
  for (const [name, value] of Object.entries(words)) {
    if (value) all.set(name, value);
    else all.delete(name);
  }
  history.replaceState(null, "", `#${all}`);
  follow();
}

// Unlike what is kept, this is a step for the back button.
function go(words) {
  history.pushState(null, "");
  keep(words);
  at("inspector").scrollTop = 0;
  arrive();
}

// A part that is closed until it is wanted: the address keeps that it is open.
export function opens(id, word) {
  on(id, "toggle", () => {
    if (at(id).open !== (kept(word) === "open")) keep({ [word]: at(id).open ? "open" : "" });
  });
  onAddress(() => {
    at(id).open = kept(word) === "open";
  });
}

export const hrefOf = (words) => `#${new URLSearchParams(words)}`;

addEventListener("click", (press) => {
  const link = press.target.closest("a[href^='#']");
  if (!link || press.metaKey || press.ctrlKey || press.shiftKey) return;
  press.preventDefault();
  if (link.className === "skip") goToList();
  else go(Object.fromEntries(wordsIn(link.hash)));
});

function goToList() {
  go({ tab: "requests" });
  at("requests").focus();
}

// Links to what is looked at say so.
export function markLinks() {
  for (const link of document.querySelectorAll("a[href*='tab=']")) {
    const isHere = [...wordsIn(link.hash)].every(([name, value]) => kept(name) === value);
    link.ariaCurrent = isHere ? "page" : null;
  }
}

export const onAddress = (see) => followers.push(see);

function follow() {
  const wanted = kept("tab");
  for (const pane of document.querySelectorAll(".pane")) pane.classList.toggle("shown", pane.id === wanted);
  for (const see of followers) see();
  markLinks();
  if (tab && tab !== wanted) at(wanted)?.focus({ preventScroll: true });
  tab = wanted;
}

let sought; // the key of what a link points to, until it was seen

function arrive() {
  sought = kept(kept("tab").slice(0, -1)); // such as the file of the files
  follow();
  seek();
}

// Unfolds what was sought, and what it stands in, once it is there.
function seek() {
  const row = sought && document.querySelector(`.shown [data-key="${CSS.escape(sought)}"]`);
  if (!row) return;
  sought = "";
  for (const details of [row.closest("details"), row.querySelector("details")]) if (details) details.open = true;
  row.scrollIntoView({ block: "nearest" });
}

addEventListener("popstate", arrive);

// A slash goes to the filter, unless it is being typed; Escape goes back to the list.
addEventListener("keydown", (press) => {
  if (press.target.matches("input, textarea, select") || press.ctrlKey || press.metaKey || press.altKey) return;
  if (press.key === "Escape" && kept("tab") === "request") goToList();
  if (press.key !== "/") return;
  press.preventDefault();
  if (!at("filter").checkVisibility()) go({ tab: "requests" });
  at("filter").select();
});

// -- the top, and the beginning

const baseUrl = `${location.origin}/v1`;
say(at("base-url"), baseUrl);
say(at("example"), `curl ${baseUrl}/files -H "Authorization: Bearer eugpt_any" \\\n  -F purpose=assistants -F file=@report.pdf`);
at("base-url").after(copier("Copy", "Copy the base URL", () => baseUrl));

askTwice(at("reset"), "Really drop everything?", async () => {
  if (await act(at("request-list"), "POST", "reset")) tell("Everything was dropped");
});

async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, PAUSE);
}

addEventListener("load", () => {
  arrive();
  keepLooking();
});
