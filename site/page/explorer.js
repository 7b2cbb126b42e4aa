// The tree of the project and one of its files, with what changed in them.

import { difference, highlighted, split } from "./lines.js";

const $ = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Nest paths: {folder: {folder: {...}, file: path}}. */
function nested(paths) {
  const root = {};
  for (const path of paths) {
    const parts = path.split("/");
    let place = root;
    for (const part of parts.slice(0, -1)) place = place[`${part}/`] ??= {};
    place[parts.at(-1)] = path;
  }
  return root;
}

export class Explorer {
  #closed = new Set();
  #mode = "whole";

  constructor(open) {
    this.pattern = new RegExp(open);
    $("tree").addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button) this.open(button.dataset.path);
    });
    $("tree").addEventListener("keydown", (event) => this.#move(event));
    $("tree").addEventListener(
      "toggle",
      ({ target }) => this.#closed[target.open ? "delete" : "add"](target.dataset.folder),
      true,
    );
  }

  /** Show a project, beside what it was. */
  show(files, before, changes) {
    const first = !this.files;
    Object.assign(this, { files, before, changes });
    const paths = [...new Set([...Object.keys(files), ...Object.keys(changes)])].sort();
    if (first) this.#closed = new Set(paths.flatMap((path) => this.#quiet(path)));
    $("tree").replaceChildren(this.#list(nested(paths), ""));
    const here = paths.includes(this.path);
    const start = here ? this.path : (paths.find((path) => this.pattern.test(path)) ?? paths[0]);
    this.open(this.#near(start));
  }

  mode(mode) {
    this.#mode = mode;
    this.open(this.#near(this.path));
  }

  /** Give this file, or where it has no changes and they are asked for, the one that has most. */
  #near(path) {
    if (this.#mode === "whole" || this.changes[path]) return path;
    const kept = Object.entries(this.changes).filter(([, { kind }]) => kind === "changed");
    const [most] = kept.sort(([, one], [, other]) => other.more + other.less - one.more - one.less);
    return most?.[0] ?? Object.keys(this.changes)[0] ?? path;
  }

  text() {
    return (this.files[this.path] ?? this.before[this.path])?.[1] ?? "";
  }

  /** Give the folders that are closed at first: those above and beside the file that is open. */
  #quiet(path) {
    const parts = path.split("/").slice(0, -1);
    const folders = parts.map((_, end) => `${parts.slice(0, end + 1).join("/")}/`);
    const start = Object.keys(this.files).find((each) => this.pattern.test(each)) ?? "";
    return folders.filter((folder) => !start.startsWith(folder));
  }

  #list(tree, above) {
    const list = element("ul");
    const entries = Object.entries(tree).sort(
      ([one], [other]) => other.endsWith("/") - one.endsWith("/") || (one < other ? -1 : 1),
    );
    for (const [name, inside] of entries) {
      const item = element("li");
      if (typeof inside === "string") item.append(this.#leaf(name, inside));
      else item.append(this.#folder(name, inside, above + name));
      list.append(item);
    }
    return list;
  }

  #folder(name, inside, path) {
    const within = Object.keys(this.changes).filter((each) => each.startsWith(path));
    const details = element("details", { "data-folder": path });
    if (!this.#closed.has(path) || within.length) details.open = true;
    const summary = element("summary", {}, name.slice(0, -1));
    if (within.length) summary.append(element("i", { class: "dot" }));
    details.append(summary, this.#list(inside, path));
    return details;
  }

  #leaf(name, path) {
    const button = element("button", { type: "button", "data-path": path }, element("span", {}, name));
    const change = this.changes[path];
    if (change) {
      button.className = change.kind;
      const count = [change.more && `+${change.more}`, change.less && `−${change.less}`];
      button.append(element("small", {}, count.filter(Boolean).join(" ")));
    }
    return button;
  }

  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...$("tree").querySelectorAll("summary, button")].filter((each) => each.offsetParent);
    const next = all[all.indexOf(document.activeElement) + step];
    if (next) event.preventDefault(), next.focus();
  }

  open(path) {
    this.path = path;
    for (const button of $("tree").querySelectorAll("button")) {
      if (button.dataset.path === path) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    const change = this.changes[path];
    const [executable] = this.files[path] ?? [];
    $("path").textContent = path;
    $("changed").disabled = !Object.keys(this.changes).length;
    const lines = split(this.text()).length;
    const gone = change?.kind === "gone" ? "gone, " : "";
    $("size").textContent = `${gone}${lines} lines${executable ? ", executable" : ""}`;
    const whole = this.#mode === "whole" || !change;
    $("code").classList.toggle("diff", !whole);
    $("code").innerHTML = whole ? this.#whole(path, change) : this.#difference(path);
    $("code").scrollTop = 0;
  }

  #whole(path, change) {
    const now = highlighted(path, this.text());
    const kept = new Set(now.keys());
    if (change?.kind === "changed") {
      const steps = difference(split(this.before[path][1]), split(this.files[path][1]));
      for (const [sign, , index] of steps) if (sign === "+") kept.delete(index);
    }
    return now.map((line, at) => `<span class="line${kept.has(at) ? "" : " more"}">${line}\n</span>`).join("");
  }

  #difference(path) {
    const [old, now] = [this.before[path]?.[1] ?? "", this.files[path]?.[1] ?? ""];
    const [before, after] = [highlighted(path, old), highlighted(path, now)];
    const steps = difference(split(old), split(now));
    const near = (at) => steps.slice(Math.max(0, at - 3), at + 4).some(([sign]) => sign !== " ");
    let skipped = false;
    let html = "";
    for (const [at, [sign, one, other]] of steps.entries()) {
      if (!near(at)) {
        if (!skipped) html += '<span class="line skipped">⋯\n</span>';
        skipped = true;
        continue;
      }
      skipped = false;
      const kind = { "+": " more", "-": " less", " ": "" }[sign];
      html += `<span class="line${kind}">${sign === "-" ? before[one] : after[other]}\n</span>`;
    }
    return html;
  }
}
