// Runs Python and the renderer beside the page. Answers {id, value} or {id, error} to {id, name, args}.

let bridge;
let python;

// Any file server will do, also one that doesn't compress: the large parts lie there as gzip, under a
// name that no server takes for an encoding.
const plain = self.fetch.bind(self);
self.fetch = async (url, options) => {
  const name = String(url.url ?? url);
  if (!/\.(wasm|zip)$/.test(name)) return plain(url, options);
  const response = await plain(`${name}.packed`);
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  const type = name.endsWith(".wasm") ? "application/wasm" : "application/zip";
  const stream = response.body.pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream, { headers: { "Content-Type": type } });
};

async function start() {
  const { loadPyodide } = await import("./python/pyodide.mjs");
  const [loaded, archive] = await Promise.all([
    loadPyodide({ checkAPIVersion: false }),
    self.fetch("python/app.zip").then((response) => response.arrayBuffer()),
  ]);
  python = loaded;
  python.FS.writeFile("/app.zip", new Uint8Array(archive));
  bridge = python.runPython(`
import sys, zipfile, json, os
with zipfile.ZipFile("/app.zip") as archive:
    for entry in archive.infolist():
        os.chmod(archive.extract(entry, "/app"), entry.external_attr >> 16)
os.remove("/app.zip")
sys.path.insert(0, "/app")
from bridge import Bridge, call
with open("/app/told.json", encoding="utf-8") as file:
    bridge = Bridge("/app", json.load(file))
lambda name, text: call(bridge, name, text)
`);
}

const started = start();
started.then(
  () => postMessage({ id: "ready" }),
  (error) => postMessage({ id: "failed", error: String(error) }),
);

self.onmessage = async ({ data: { id, name, args } }) => {
  try {
    await started;
    const begun = performance.now();
    const value = bridge(name, JSON.stringify(args));
    const result = typeof value === "string" ? JSON.parse(value) : value.toJs();
    value.destroy?.();
    postMessage({ id, value: result, ms: performance.now() - begun });
  } catch (error) {
    postMessage({ id, error: String(error.message ?? error).trim().split("\n").pop() });
  }
};
