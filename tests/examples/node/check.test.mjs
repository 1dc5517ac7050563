// A test that has to fail: the fault that it arms never fires. `GET /__admin/check` says so, and
// `afterEach` makes it a failure, as leaving the mock does in Python.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

async function control(method, path, words) {
  const url = new URL(`/__admin/${path}`, process.env.EUGPT_BASE_URL);
  return (await fetch(url, { method, body: words && JSON.stringify(words) })).json();
}

beforeEach(() => control("POST", "reset"));
afterEach(async () => {
  const { ok, problems } = await control("GET", "check");
  assert.ok(ok, problems.join("\n\n"));
});

test("an upload is retried after a 429", async () => {
  await control("POST", "faults", { fault: "rate_limited", on: "upload" });
  // The code under test should upload a file here, and doesn't.
});
