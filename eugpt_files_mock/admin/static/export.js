// The requests as files: as the control routes tell them, and as HAR 1.2, which browsers and proxies read.

import { ask } from "./page.js";
import { plural, save, tell } from "./parts.js";

const MOST = 1000; // requests in one file, the newest
const AT_ONCE = 8; // answers asked for at once

// In order of arrival, each with what was answered.
async function whole(calls) {
  const ids = calls.toSorted((one, other) => one.started_at - other.started_at).slice(-MOST).map((call) => call.request_id);
  const told = [];
  while (told.length < ids.length) {
    const some = ids.slice(told.length, told.length + AT_ONCE);
    told.push(...(await Promise.all(some.map((id) => ask("GET", `requests/${encodeURIComponent(id)}`)))));
  }
  return told.map(({ total, ...call }) => call);
}

async function saveAs(name, calls, valueOf) {
  try {
    const all = await whole(calls);
    save(name, JSON.stringify(valueOf(all), null, 2));
    tell(`Saved ${plural(all.length, "request")}`);
  } catch (error) {
    tell(error.message);
  }
}

export const saveAsJson = (calls) => saveAs("requests.json", calls, (all) => all);

export const saveAsHar = (calls) =>
  saveAs("requests.har", calls, (all) => ({
    log: { version: "1.2", creator: { name: "eugpt-files-mock", version: "" }, entries: all.map(entryOf) },
  }));

const pairs = (values) => Object.entries(values ?? {}).map(([name, value]) => ({ name, value: String(value) }));

const UNKNOWN = { cookies: [], headersSize: -1 };

function entryOf(call) {
  const query = new URLSearchParams(call.query).toString();
  const time = (call.duration + (call.waited ?? 0)) * 1000;
  const postData = call.json !== null && { postData: { mimeType: "application/json", text: JSON.stringify(call.json) } };
  const form = call.operation === "upload" && {
    postData: {
      mimeType: "multipart/form-data",
      params: [
        ...pairs({ ...(call.purpose && { purpose: call.purpose }), ...call.fields }),
        { name: "file", fileName: call.filename ?? "", contentType: call.content_type ?? "" },
      ],
    },
  };
  return {
    startedDateTime: new Date(call.started_at * 1000).toISOString(),
    time,
    request: {
      method: call.method,
      url: location.origin + call.path + (query && `?${query}`),
      httpVersion: "HTTP/1.1",
      headers: pairs(call.headers),
      queryString: pairs(call.query),
      bodySize: call.bytes ?? -1,
      ...UNKNOWN,
      ...form,
      ...postData,
    },
    response: answerOf(call.response),
    cache: {},
    timings: { send: 0, wait: time, receive: 0 },
    comment: [call.operation, call.user, call.fault && `fault ${call.fault}`].filter(Boolean).join(", "),
  };
}

// A connection that was cut has the status 0, as in a browser's own file.
function answerOf(answer) {
  const { status = 0, headers = {}, body = "", severed = "" } = answer ?? {};
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  return {
    status,
    statusText: severed,
    httpVersion: "HTTP/1.1",
    headers: pairs(headers),
    content: { size: body.length, mimeType: type, text: body },
    redirectURL: headers.Location ?? "",
    bodySize: -1,
    ...UNKNOWN,
  };
}
