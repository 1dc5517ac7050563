// What the npm openai client does with faults by default; see sdk_calls.py.
// `node sdk_calls.mjs CONTROL_URL KEY`, run where `openai` is installed.

import { createInterface } from "node:readline";

import OpenAI, { toFile } from "openai";

const [url, key] = process.argv.slice(2);
const content = "%PDF-1.7 of some length";
const { files } = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, timeout: 1000 });

const calls = {
  upload: async () =>
    files.create({ file: await toFile(Buffer.from(content), "a.pdf"), purpose: "assistants" }),
  retrieve: (id) => files.retrieve(id),
  download: async (id) => (await files.content(id)).arrayBuffer(),
  walk: async () => {
    let seen = 0;
    for await (const _ of files.list()) {
      if (++seen === 20) return;
    }
  },
};

async function control(route, method, body) {
  return (await fetch(`${url}/__admin/${route}`, { method, body })).json();
}

for await (const line of createInterface({ input: process.stdin })) {
  const { fault, operation } = JSON.parse(line);
  await control("reset", "POST");
  const ids = [];
  for (let n = 0; n < 2; n++) {
    const form = new FormData();
    form.set("file", new Blob([content]), "a.pdf");
    ids.push((await control("files", "POST", form)).id);
  }
  if (fault) await control("faults", "POST", JSON.stringify(fault));
  try {
    await calls[operation](ids[0]);
  } catch {
    // What it raises is not the point here.
  }
  console.log(JSON.stringify(await control("verdict", "GET")));
}
