// What is copied: a request for a shell and for Python, a fault and a stub as a test arms them.

const KEY = "$EUGPT_API_KEY";
const LEFT_OUT = /^(authorization|host|user-agent|accept|accept-encoding|connection|content-length|content-type|x-stainless-.*)$/i;

const shell = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

const urlOf = (call) => {
  const query = new URLSearchParams(call.query).toString();
  return location.origin + call.path.split("/").map(encodeURIComponent).join("/") + (query && `?${query}`);
};

/** The headers that were chosen, as far as they may be shown. */
const headersOf = (call) =>
  Object.entries(call.headers).filter(([name, value]) => !LEFT_OUT.test(name) && value !== "[redacted]");

export function asCurl(call) {
  const words = [`curl ${shell(urlOf(call))}`];
  if (call.operation !== "upload" && call.method !== (call.json === null ? "GET" : "POST")) words.push(`-X ${call.method}`);
  words.push(`-H "Authorization: Bearer ${KEY}"`);
  for (const [name, value] of headersOf(call)) words.push(`-H ${shell(`${name}: ${value}`)}`);
  if (call.operation === "upload") {
    const quoted = (call.filename ?? "FILE").replace(/["\\]/g, "\\$&");
    const type = call.content_type ? `;type=${call.content_type}` : "";
    for (const [name, value] of formOf(call)) words.push(`--form-string ${shell(`${name}=${value}`)}`);
    words.push(`-F ${shell(`file=@"${quoted}"${type}`)}`);
  } else if (call.json !== null) {
    words.push(`-H 'Content-Type: application/json'`, `-d ${shell(JSON.stringify(call.json))}`);
  }
  return words.join(" \\\n  ");
}

export function asPython(call) {
  const headers = headersOf(call).map(([name, value]) => `${python(name)}: ${python(value)}`);
  headers.unshift(`"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"`);
  const words = [python(call.method), python(urlOf(call)), `headers={${headers.join(", ")}}`];
  if (call.operation === "upload") {
    const name = python(call.filename ?? "FILE");
    const type = call.content_type ? `, ${python(call.content_type)}` : "";
    words.push(`data=${python(Object.fromEntries(formOf(call)))}`, `files={"file": (${name}, open(${name}, "rb")${type})}`);
  } else if (call.json !== null) words.push(`json=${python(call.json)}`);
  return `import os\n\nimport httpx\n\nresponse = httpx.request(\n    ${words.join(",\n    ")},\n)\nprint(response.status_code, response.text)`;
}

const formOf = (call) => [...(call.purpose === null ? [] : [["purpose", call.purpose]]), ...Object.entries(call.fields ?? {})];

/** A JSON value in Python; its texts are the same in both. */
export function python(value) {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${python(one)}`).join(", ")}}`;
}

const USUAL = { times: 1, skip: 0, phase: "before" };
const MATCHER = ["times", "skip", "every", "probability", "filename", "file_id", "purpose", "user", "phase"];

/** The faults by name, each with the defaults of its arguments. */
export const catalogue = new Map();

/** One fault of a sequence, such as `faults.http_error(status=503)`. */
export function faultCall({ fault, ...values }) {
  const after = Number(values.headers?.["Retry-After"]);
  if (after) values.retry_after = after; // what it was armed with, and is shown as a header
  const given = Object.entries(catalogue.get(fault)?.arguments ?? {}).filter(
    ([name, usual]) => isGiven(values[name]) && values[name] !== usual,
  );
  return `faults.${fault}(${given.map(([name]) => `${name}=${python(values[name])}`).join(", ")})`;
}

const isGiven = (value) =>
  value !== null && value !== undefined && !(typeof value === "object" && Object.keys(value).length === 0);

/** What the author of a test writes to arm it. */
export function asInject({ faults, on, ...words }) {
  const calls = faults.map(faultCall);
  const named = [].concat(on);
  const parts = [calls.length === 1 ? calls[0] : `[${calls.join(", ")}]`, `on=${python(named.length === 1 ? named[0] : named)}`];
  for (const name of MATCHER) {
    const value = words[name];
    const isUsual = value === undefined || value === (USUAL[name] ?? null);
    if (!isUsual) parts.push(`${name}=${python(value)}`);
  }
  return `mock.inject(${parts.join(", ")})`;
}
