// The page: what is chosen, what it makes, and what of it changed.

import { Answers } from "./questions.js";
import { changes, highlighted } from "./lines.js";
import { Explorer } from "./explorer.js";
import { Renderer } from "./renderer.js";

const $ = (id) => document.getElementById(id);
const told = JSON.parse($("told").textContent);
const answers = new Answers($("questions"), told);
const explorer = new Explorer(told.open);
const renderer = new Renderer(told);
const pages = { copier: () => answers.copier(), cookiecutter: () => answers.cookiecutter() };

let door = "copier";
let shown; // the project on the page: {answers, files, dependencies}
const bases = {}; // what it can be compared with, by name

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

function lines(files) {
  return Object.values(files).reduce((sum, [, text]) => sum + text.split("\n").length - 1, 0);
}

function command() {
  $("command").textContent = pages[door]().join(" \\\n  ");
}

function compare() {
  const base = bases[$("baseline").value];
  const found = base ? changes(base.files, shown.files) : {};
  explorer.show(shown.files, base?.files ?? {}, found);
  const all = Object.values(found);
  const sum = (key) => all.reduce((total, each) => total + each[key], 0);
  const kinds = ["new", "gone", "changed"].map((kind) => [kind, all.filter((x) => x.kind === kind)]);
  const parts = kinds.filter(([, each]) => each.length).map(([kind, each]) => `${each.length} ${kind}`);
  const names = (project) => new Set(project?.dependencies ?? []);
  const added = [...names(shown)].filter((each) => base && !names(base).has(each));
  const whole = `${plural(Object.keys(shown.files).length, "file")}, ${plural(lines(shown.files), "line")}`;
  $("summary").innerHTML = `<b>${whole}</b>`;
  if (all.length) {
    const told = document.createElement("span");
    told.innerHTML = `<ins>+${sum("more")}</ins> <del>−${sum("less")}</del> lines: `;
    told.append(`${parts.join(", ")}${added.length ? `; needs ${added.join(", ")}` : ""}`);
    $("summary").append(told);
  }
  $("needed").textContent = plural(shown.dependencies.length, "package");
  $("dependencies").replaceChildren(
    ...shown.dependencies.map((name) => {
      const item = document.createElement("li");
      item.textContent = name;
      if (added.includes(name)) item.className = "new";
      return item;
    }),
  );
}

function reasons(refused, wrong) {
  for (const { name, kind } of told.questions) {
    for (const field of answers.fields(name)) {
      const note = field.closest("label")?.querySelector("em");
      if (!note) continue;
      const reason = refused[name]?.[field.value] ?? "";
      field.closest("label").classList.toggle("refused", Boolean(reason));
      field.toggleAttribute("aria-disabled", false);
      field.disabled = Boolean(reason) && !field.checked;
      note.textContent = reason;
      note.hidden = !reason;
    }
    const line = $(`wrong-${name}`);
    const own = Object.values(refused[name] ?? {}).includes(wrong[name]);
    line.textContent = wrong[name] ?? "";
    line.hidden = !wrong[name] || own;
    if (kind === "text") answers.fields(name)[0].setAttribute("aria-invalid", Boolean(wrong[name]));
  }
}

function state() {
  const wrong = Object.keys(shown?.wrong ?? {});
  $("zip").disabled = renderer.state !== "ready" || wrong.length > 0;
  $("state").textContent = wrong.length
    ? `Copier refuses this: ${shown.wrong[wrong[0]]}.`
    : { loading: "Python is loading: the command is right already.", ready: "", failed: renderer.why }[
        renderer.state
      ];
  document.body.dataset.state = renderer.state;
}

let turn = 0;
/** Show what the answers in the form make. */
async function update() {
  command();
  history.replaceState(null, "", `#${answers.toLink()}` === "#" ? location.pathname : `#${answers.toLink()}`);
  const mine = (turn += 1);
  const given = answers.get();
  document.body.dataset.turn = "working";
  const made = await renderer.project(given, answers.folder(), answers.differing());
  if (mine !== turn) return;
  if (!made) {
    if (!shown) {
      shown = { ...renderer.near(answers.differing()), wrong: {}, isNear: true };
      compare();
    }
    $("state").textContent = "Python is loading: the command is right already, the files follow.";
    return;
  }
  if (made.refused) reasons(made.refused, made.wrong);
  if (made.files) {
    const before = shown?.files && !shown.isNear && shown;
    shown = { ...made, answers: given, wrong: {} };
    if (before && before.files !== made.files && Object.keys(changes(before.files, made.files)).length) {
      bases.last = before;
    }
    compare();
  } else {
    shown = { ...shown, wrong: made.wrong };
  }
  state();
  document.body.dataset.turn = "done";
}

async function copy(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy it";
  }
  setTimeout(() => (button.textContent = before), 1500);
}

function save(bytes, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/zip" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function press(pressed, other) {
  $(pressed).setAttribute("aria-pressed", "true");
  $(other).setAttribute("aria-pressed", "false");
}

async function takeAnswers() {
  const found = await renderer.call("pasted", [$("pasted").value]);
  const error = found.error ?? "";
  $("pasted-wrong").textContent = error;
  $("pasted-wrong").hidden = !error;
  if (error) return;
  $("answers").close();
  answers.set(found.answers);
  await update();
  bases.pasted = shown;
  $("baseline").querySelector("[value=pasted]").hidden = false;
  $("baseline").value = "pasted";
  compare();
  const notes = found.unknown.length ? [`Not asked here: ${found.unknown.join(", ")}.`] : [];
  if (found.version && found.version !== told.version) {
    notes.push(`Your project has ${found.version}; what is shown is ${told.version} on both sides.`);
  }
  if (notes.length) $("state").textContent = notes.join(" ");
}

let typing;
$("questions").addEventListener("input", ({ target }) => {
  clearTimeout(typing);
  command();
  typing = setTimeout(update, target.type === "text" ? 250 : 0);
});
$("questions").addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll("[data-preset]")) {
  button.addEventListener("click", () => {
    answers.set(told.presets[button.dataset.preset]);
    update();
  });
}
for (const [name, other] of [["copier", "cookiecutter"], ["cookiecutter", "copier"]]) {
  $(name).addEventListener("click", () => {
    door = name;
    press(name, other);
    command();
  });
}
$("whole").addEventListener("click", () => (press("whole", "changed"), explorer.mode("whole")));
$("changed").addEventListener("click", () => (press("changed", "whole"), explorer.mode("changed")));
$("baseline").addEventListener("change", compare);
$("copy-command").addEventListener("click", ({ currentTarget }) => copy(currentTarget, $("command").textContent));
$("copy-file").addEventListener("click", ({ currentTarget }) => copy(currentTarget, explorer.text()));
$("link").addEventListener("click", ({ currentTarget }) => copy(currentTarget, location.href));
$("zip").addEventListener("click", async () => {
  const bytes = await renderer.call("archive", [answers.get(), answers.folder()]);
  save(bytes, `${answers.folder()}.zip`);
});
$("paste").addEventListener("click", () => $("answers").showModal());
$("take-answers").addEventListener("click", takeAnswers);
$("theme").addEventListener("click", () => {
  const next = { auto: "dark", dark: "light", light: "auto" };
  const theme = next[document.documentElement.dataset.theme];
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
});
const restore = () => answers.set(answers.fromLink(location.hash.slice(1)));
addEventListener("hashchange", () => {
  if (location.hash.includes("=")) restore(), update();
});

for (const code of document.querySelectorAll("[data-language]")) {
  code.innerHTML = highlighted(code.dataset.language, code.textContent).join("\n");
}
if (location.hash.includes("=")) restore();
renderer.changed = () => {
  state();
  update();
};
await renderer.open();
bases.defaults = { ...renderer.first, answers: answers.defaults };
await update();
renderer.start();

// For tests: the same as the page does, without the page.
globalThis.site = { renderer, answers };
