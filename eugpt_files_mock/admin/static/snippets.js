// What is copied: a request for a shell and for Python, a fault as a test arms it.

const LEFT_OUT =
  /^(authorization|host|user-agent|accept|accept-encoding|connection|content-length|content-type|x-stainless-.*)$/i;

const shell = (text) => `'${String(text).replaceAll("'", `'\\''`)}'`;

// A JSON value in Python; its texts are the same in both.
export function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map((pair) => pair.map(python).join(": ")).join(", ")}}`;
}

// What was sent, as far as it is known and may be shown.
function sentBy(call) {
  const query = new URLSearchParams(call.query).toString();
  return {
    url: location.origin + call.path.split("/").map(encodeURIComponent).join("/") + (query && `?${query}`),
    headers: Object.entries(call.headers).filter(([name, value]) => !LEFT_OUT.test(name) && value !== "[redacted]"),
    form: Object.entries({ ...(call.purpose && { purpose: call.purpose }), ...call.fields }),
    isUpload: call.operation === "upload",
    filename: call.filename ?? "FILE",
  };
}

export function asCurl(call) {
  const { url, headers, form, isUpload, filename } = sentBy(call);
  const words = [`curl ${shell(url)}`];
  if (!isUpload && call.method !== (call.json === null ? "GET" : "POST")) words.push(`-X ${call.method}`);
  words.push('-H "Authorization: Bearer $EUGPT_API_KEY"');
  for (const [name, value] of headers) words.push(`-H ${shell(`${name}: ${value}`)}`);
  if (isUpload) {
    const type = call.content_type ? `;type=${call.content_type}` : "";
    for (const [name, value] of form) words.push(`--form-string ${shell(`${name}=${value}`)}`);
    words.push(`-F ${shell(`file=@"${filename.replace(/["\\]/g, "\\$&")}"${type}`)}`);
  } else if (call.json !== null) {
    words.push("-H 'Content-Type: application/json'", `-d ${shell(JSON.stringify(call.json))}`);
  }
  return words.join(" \\\n  ");
}

export function asPython(call) {
  const { url, headers, form, isUpload, filename } = sentBy(call);
  const all = [`"Authorization": f"Bearer {os.environ['EUGPT_API_KEY']}"`];
  for (const pair of headers) all.push(pair.map(python).join(": "));
  const words = [python(call.method), python(url), `headers={${all.join(", ")}}`];
  if (isUpload) {
    const file = [python(filename), `open(${python(filename)}, "rb")`];
    if (call.content_type) file.push(python(call.content_type));
    words.push(`data=${python(Object.fromEntries(form))}`, `files={"file": (${file.join(", ")})}`);
  } else if (call.json !== null) {
    words.push(`json=${python(call.json)}`);
  }
  const asked = `httpx.request(\n    ${words.join(",\n    ")},\n)`;
  return `import os\n\nimport httpx\n\nresponse = ${asked}\nprint(response.status_code, response.text)`;
}

// The faults by name, each with the defaults of its arguments.
export const catalogue = new Map();

// One fault, such as `http_error(status=503)`.
export function faultCall({ fault, ...values }) {
  const after = Number(values.headers?.["Retry-After"]);
  if (after) values.retry_after = after; // what it was armed with, and is shown as a header
  const given = Object.entries(catalogue.get(fault)?.arguments ?? {})
    .map(([name, usual]) => [name, values[name] ?? usual, usual])
    .filter(([, value, usual]) => value !== usual && JSON.stringify(value) !== "{}");
  return `${fault}(${given.map(([name, value]) => `${name}=${python(value)}`).join(", ")})`;
}

// Which calls of an operation a fault hits, and what is usual.
export const MATCHER = {
  times: 1, filename: null, file_id: null, purpose: null, user: null, skip: 0, every: null, probability: null, phase: "before",
};

export const matcherOf = (words) =>
  Object.keys(MATCHER).filter((name) => name in words && words[name] !== MATCHER[name]).map((name) => [name, words[name]]);

export function asInject({ faults, on, ...words }) {
  const calls = faults.map((fault) => `faults.${faultCall(fault)}`);
  const parts = [calls.length === 1 ? calls[0] : `[${calls.join(", ")}]`, `on=${python(on.length === 1 ? on[0] : on)}`];
  for (const [name, value] of matcherOf(words)) parts.push(`${name}=${python(value)}`);
  return `mock.inject(${parts.join(", ")})`;
}
