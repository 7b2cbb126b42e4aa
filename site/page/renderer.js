// Gives projects: from the worker when Python is there, before that from what the build rendered.

async function unpacked(url) {
  const response = await fetch(url);
  const stream = response.body.pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

export class Renderer {
  state = "loading";
  why = "";
  changed = () => {};
  #waiting = new Map();
  #next = 0;

  constructor(told) {
    this.told = told;
  }

  /** Fetch what the build rendered: the defaults, and each other answer alone. */
  async open() {
    const { texts, trees } = await unpacked("trees.packed");
    this.trees = Object.fromEntries(
      Object.entries(trees).map(([key, { files, dependencies }]) => {
        const filled = Object.entries(files).map(([path, [mode, text]]) => [path, [mode, texts[text]]]);
        return [key, { files: Object.fromEntries(filled), dependencies }];
      }),
    );
    this.first = this.trees[""];
  }

  /** Give what comes nearest of what the build rendered. */
  near(differing) {
    const keys = differing.map(([name, answer]) => `${name}=${JSON.stringify(answer)}`);
    return this.trees[keys.find((key) => key in this.trees) ?? ""];
  }

  /** Start Python, in a worker. */
  start() {
    this.begun = performance.now();
    this.worker = new Worker("worker.js", { type: "module" });
    this.worker.onerror = (event) => this.#settle("failed", event.message);
    this.worker.onmessage = ({ data }) => {
      if (data.id === "ready") this.#settle("ready");
      else if (data.id === "failed") this.#settle("failed", data.error);
      else this.#answer(data);
    };
  }

  #settle(state, why = "") {
    this.state = state;
    this.readyMs = performance.now() - this.begun;
    this.why = why && `Python didn't start (${why}): the command is right, files show the defaults.`;
    if (state === "ready" && "serviceWorker" in navigator && isSecureContext) {
      navigator.serviceWorker.register("sw.js").catch(() => {}); // without it, only offline is lost
    }
    this.changed();
  }

  #answer({ id, value, error, ms }) {
    const { done, failed } = this.#waiting.get(id);
    this.#waiting.delete(id);
    this.ms = ms;
    if (error) failed(new Error(error));
    else done(value);
  }

  call(name, args) {
    const id = (this.#next += 1);
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed });
      this.worker.postMessage({ id, name, args });
    });
  }

  /** Give the project of these answers, or nothing before it can be known. */
  async project(answers, folder, differing) {
    if (this.state === "ready") return this.call("project", [answers, folder]);
    const key = differing.map(([name, answer]) => `${name}=${JSON.stringify(answer)}`).join("&");
    const tree = this.trees[key];
    return tree ? { ...tree, wrong: {} } : null;
  }
}
