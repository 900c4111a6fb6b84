// Python in a worker: fetches what the cells need, checks it, and runs them one after the other. The page
// ends a cell that hangs by ending the worker.
const here = new URL(".", import.meta.url);
const network = self.fetch;
const files = new Map(); // what was fetched and checked, until Python has taken it
const ready = new Set(); // the parts that Python has
let manifest, python, site, cellRunner;

function problem(kind, file) {
  return Object.assign(new Error(`${kind}: ${file}`), { kind, file });
}

// The address of a file has its checksum, so that a browser never takes what it kept of an earlier site.
const address = (file) => new URL(`${file}?v=${manifest.files[file].sha256.slice(0, 8)}`, here);

async function request(file, ...given) {
  const response = await network(...given).catch(() => Promise.reject(problem("network", file)));
  return response.ok ? response : Promise.reject(problem("missing", file));
}

// A checksum can only be computed on a page that came by https, or from this machine.
async function checksum(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function get(file, report) {
  if (!manifest.files[file]) throw problem("missing", file);
  const { size, sha256 } = manifest.files[file];
  const reader = (await request(file, address(file))).body.getReader();
  const bytes = new Uint8Array(size);
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => Promise.reject(problem("network", file)));
    if (done) break;
    if (at + value.length > size) throw problem("damaged", file);
    bytes.set(value, at);
    at += value.length;
    report(value.length);
  }
  if (at !== size || (self.crypto.subtle && (await checksum(bytes)) !== sha256)) throw problem("damaged", file);
  files.set(file, bytes);
}

// Pyodide would wait for ever for a program that the browser cannot start.
const instantiate = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = (...given) => instantiate(...given).catch(fail);

// Pyodide asks for its files by fetch: it gets those that were checked.
self.fetch = async (url, ...options) => {
  const file = String(new URL(url, here)).replace(here.href, "");
  const type = file.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return files.has(file) ? new Response(files.get(file), { headers: { "Content-Type": type } }) : network(url, ...options);
};

async function prepare(code) {
  manifest ??= await (await request("manifest.json", new URL("manifest.json", here), { cache: "no-cache" })).json();
  const parts = manifest.parts.filter(({ when }, i) => !ready.has(i) && new RegExp(when).test(code));
  const wanted = [...new Set(parts.flatMap((part) => part.files))].filter((file) => !files.has(file));
  const total = wanted.reduce((sum, file) => sum + (manifest.files[file]?.size ?? 0), 0);
  let done = 0;
  const report = (count) => postMessage({ loaded: (done += count), total });
  await Promise.all(wanted.map((file) => get(file, report)));
  if (total) postMessage({ starting: true });
  if (!python) {
    await import(address("pyodide.asm.js")); // which Pyodide itself would look for without a checksum
    const { loadPyodide } = await import(address("pyodide.mjs"));
    python = await loadPyodide({ indexURL: here.href });
    site = python.runPython("import site; site.getsitepackages()[0]");
  }
  for (const part of parts) {
    if (part.package) await python.loadPackage(part.package, { messageCallback() {} });
    if (part.folder) python.unpackArchive(files.get(part.files[0]), "zip", { extractDir: part.folder.replace("SITE", site) });
    ready.add(manifest.parts.indexOf(part));
    part.files.forEach((file) => files.set(file, new Uint8Array())); // room for the cells
  }
  cellRunner ??= python.pyimport("run_cells");
}

async function run({ cells, clear }) {
  if (clear) return cellRunner?.clear();
  await prepare(cells.map(({ code }) => code).join("\n"));
  for (const { id, code } of cells) {
    postMessage({ id, running: true });
    const ended = await cellRunner.run(id, code, (kind, text, headline) => postMessage({ id, kind, text, headline }));
    postMessage({ id, ended });
  }
  postMessage({ finished: true });
}

function fail(error) {
  const memory = /memory/i.test(error.message) || (error instanceof RangeError && !/stack/i.test(error.message));
  postMessage({ problem: error.kind ?? (memory ? "memory" : "other"), file: error.file ?? "", text: String(error) });
}

self.onmessage = ({ data }) => run(data).catch(fail);
