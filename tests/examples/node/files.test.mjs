// The npm openai client against `eugpt-files-mock serve`, run by `node --test`.
// EUGPT_BASE_URL is the address that the command prints.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import OpenAI, { NotFoundError, RateLimitError, toFile } from "openai";

const baseURL = process.env.EUGPT_BASE_URL;
const client = new OpenAI({ baseURL, apiKey: "eugpt_example" });

/** What a test author does with the mock itself: the routes beside /v1. */
async function control(method, path, words) {
  const answer = await fetch(new URL(`/__admin/${path}`, baseURL), {
    method,
    body: words && JSON.stringify(words),
  });
  assert.ok(answer.ok, `${method} ${path}: ${await answer.clone().text()}`);
  return answer.json();
}

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "eugpt-"));
});
after(() => rm(folder, { recursive: true }));
beforeEach(() => control("POST", "reset"));

async function upload(name, content) {
  const path = join(folder, name);
  await writeFile(path, content);
  return client.files.create({ file: createReadStream(path), purpose: "assistants" });
}

test("a file is uploaded from a stream, downloaded, and deleted", async () => {
  const file = await upload("grün.txt", "hello");
  assert.deepEqual([file.filename, file.bytes, file.status], ["grün.txt", 5, "processed"]);

  const content = await client.files.content(file.id);
  assert.equal(await content.text(), "hello");

  const deleted = await client.files.delete(file.id);
  assert.equal(deleted.deleted, true);
  await assert.rejects(client.files.retrieve(file.id), NotFoundError);
});

test("pages are followed by `after`", async () => {
  for (const name of ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]) {
    await upload(name, name);
  }

  // The answer has no `has_more` (as documented), so `for await` would end with the first page.
  const met = [];
  let page = await client.files.list({ limit: 2 });
  while (page.data.length > 0) {
    met.push(...page.data.map((file) => file.filename));
    page = await client.files.list({ limit: 2, after: page.data.at(-1).id });
  }

  assert.deepEqual(met, ["e.txt", "d.txt", "c.txt", "b.txt", "a.txt"]);
});

test("a 429 is retried by the client, and the file is there once", async () => {
  const armed = await control("POST", "faults", { fault: "rate_limited", on: "upload" });
  assert.equal(armed.remaining, 1);

  // The client retries what it holds in memory; a stream it can send only once.
  const file = await toFile(Buffer.from("hello"), "a.txt");
  await client.files.create({ file, purpose: "assistants" });

  const requests = await control("GET", "requests");
  assert.deepEqual(
    requests.data.map((call) => [call.operation, call.status, call.fault]),
    [
      ["upload", 429, "rate_limited"],
      ["upload", 200, null],
    ],
  );
  assert.equal((await control("GET", "files")).data.length, 1);
});

test("a question about a file is answered, until the file is deleted", async () => {
  await control("POST", "stubs", { response: "Forty-two." });
  await control("POST", "faults", { fault: "rate_limited", on: "POST /responses" });
  const file = await upload("report.txt", "hello");
  const input = [{ role: "user", content: [{ type: "input_file", file_id: file.id }] }];

  const whole = await client.responses.create({ model: "auto", input, stream: false });
  assert.equal(whole.output_text, "Forty-two.");

  let said = "";
  for await (const event of await client.responses.create({ model: "auto", input, stream: true })) {
    if (event.type === "response.output_text.delta") said += event.delta;
  }
  assert.equal(said, "Forty-two.");

  await client.files.delete(file.id);
  await assert.rejects(client.responses.create({ model: "auto", input }), NotFoundError);
});

test("an upload from a stream is not retried", async () => {
  await control("POST", "faults", { fault: "rate_limited", on: "upload" });

  await assert.rejects(upload("a.txt", "hello"), RateLimitError);

  assert.equal((await control("GET", "requests")).data.length, 1);
});
