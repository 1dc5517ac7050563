// The way to the control routes: what is watched is asked for every second, and at once after
// something was done; and the address, which keeps what is looked at over a reload.

import { at, plural, say, tell } from "./parts.js";

const PAUSE = 1000; // milliseconds between two looks
const GONE = "The server is gone. Is it still running?";

const watched = [];
let looking;
let isPaused = false;

/** Has a function called again and again; it asks for what it shows. */
export const watch = (look) => watched.push(look);

const key = new URLSearchParams(location.search).get("key");

/** A path with the key whose world the page shows, if its own address has one. */
export function ofWorld(path) {
  return key ? `${path}${path.includes("?") ? "&" : "?"}key=${encodeURIComponent(key)}` : path;
}

export async function ask(method, path, body) {
  const isForm = body instanceof FormData;
  const sent = isForm || !body ? body : JSON.stringify(body);
  const answer = await fetch(ofWorld(path), { method, body: sent }).catch(() => {
    throw new Error(GONE); // the browsers' own words differ, and say nothing
  });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.detail), { status: answer.status });
  return { ...json, total: Number(answer.headers.get("X-Total-Count")) };
}

/** Does what was pressed, then looks; what is refused is said where it was asked. */
export async function act(place, method, path, body) {
  const problem = at(place);
  problem.hidden = true;
  try {
    return await ask(method, path, body);
  } catch (error) {
    say(problem, error.message);
    problem.hidden = false;
    return undefined;
  } finally {
    await look();
  }
}

/** Looks for ever, while somebody sees the page. */
export async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, PAUSE);
}

/** Looks once at everything; looks that overlap are one look, and one more. */
export async function look() {
  while (looking) await looking;
  looking = lookOnce().finally(() => (looking = undefined));
  return looking;
}

async function lookOnce() {
  try {
    const news = await Promise.all(watched.map((one) => one(isPaused)));
    const missed = news.find(Number.isInteger) ?? 0;
    if (isPaused) pulse("paused", missed ? `Paused, ${plural(missed, "new request")}` : "Paused");
    else pulse("live", "Live");
  } catch (error) {
    pulse("lost", error.message);
  }
}

function pulse(state, text) {
  at("pulse").className = `pulse ${state}`;
  say(at("pulse"), text);
}

at("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  at("pause").setAttribute("aria-pressed", isPaused);
  tell(isPaused ? "Paused" : "Live");
  look();
});

// -- the address -------------------------------------------------------------------------------

const followers = [];

/** A word that the address keeps, such as `tab`; empty when it isn't there. */
export const kept = (name) => new URLSearchParams(location.hash.slice(1)).get(name) ?? "";

/** The address with these words changed; a filter stays whatever is opened. */
export function addressWith(words) {
  const all = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(words)) {
    if (value) all.set(name, value);
    else all.delete(name);
  }
  return `#${all}`;
}

/** Keeps words without a step for the back button. */
export function keep(words) {
  history.replaceState(null, "", addressWith(words));
  follow();
}

/** Goes somewhere, and back again with the back button. */
export function go(words) {
  history.pushState(null, "", addressWith(words));
  follow();
}

/** Has a function called when the address has changed. */
export const onAddress = (see) => followers.push(see);

export function follow() {
  for (const see of followers) see();
}

addEventListener("popstate", follow);

/** A link that opens something; it can be copied, and opened beside this page. */
export function linkTo(node, words) {
  node.href = addressWith(words);
  node.addEventListener("click", (press) => {
    if (press.metaKey || press.ctrlKey || press.shiftKey || press.button) return;
    press.preventDefault();
    go(words);
  });
  return node;
}
