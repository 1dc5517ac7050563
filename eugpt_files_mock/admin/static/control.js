// The way to the control routes: what is watched is asked for every second, and at once after
// something was done.

import { at, say } from "./parts.js";

const PAUSE = 1000; // milliseconds between two looks

const watched = [];
let asking;

/** Has the answer of a route shown, again and again. */
export function watch(path, show) {
  watched.push({ path, show });
}

export async function ask(method, path, words) {
  const answer = await fetch(path, { method, body: words && JSON.stringify(words) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail);
  return { ...body, total: Number(answer.headers.get("X-Total-Count")) };
}

/** Does what was pressed, then looks; what is refused is said beside the form. */
export async function act(method, path, words) {
  at("problem").hidden = true;
  try {
    await asking;
    return await ask(method, path, words);
  } catch (error) {
    say(at("problem"), error.message);
    at("problem").hidden = false;
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

/** Looks once at everything; looks that overlap are one look. */
function look() {
  asking ??= lookOnce().finally(() => (asking = undefined));
  return asking;
}

async function lookOnce() {
  try {
    const answers = await Promise.all(watched.map(({ path }) => ask("GET", path)));
    watched.forEach(({ show }, index) => show(answers[index]));
    pulse("live", "Live");
  } catch (error) {
    pulse("lost", error instanceof TypeError ? "Not reachable" : error.message);
  }
}

function pulse(state, text) {
  at("pulse").className = `pulse ${state}`;
  say(at("pulse"), text);
}
