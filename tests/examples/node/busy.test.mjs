// The npm openai client against a service that is busy; EUGPT_BASE_URL is printed by `serve`.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import OpenAI, { toFile } from "openai";

const baseURL = process.env.EUGPT_BASE_URL;
const client = new OpenAI({ baseURL, apiKey: "eugpt_example" });

async function control(method, path, words) {
  const body = words && JSON.stringify(words);
  return (await fetch(new URL(`/__admin/${path}`, baseURL), { method, body })).json();
}

beforeEach(() => control("POST", "reset"));
afterEach(async () => {
  const { ok, problems } = await control("GET", "check"); // a fault that never fired
  assert.ok(ok, problems.join("\n\n"));
});

test("a busy service is asked again, and the file is there once", async () => {
  await control("POST", "faults", { fault: "rate_limited", on: "upload" });

  const file = await toFile(Buffer.from("hello"), "a.txt");
  await client.files.create({ file, purpose: "assistants" });

  const statuses = (await control("GET", "requests")).data.map((call) => call.status);
  assert.deepEqual(statuses, [429, 200]);
});
