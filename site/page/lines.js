// What stands in lines: differences, highlighting, commands for a shell.

import hljs from "./highlight/core.min.js";
import bash from "./highlight/bash.min.js";
import dockerfile from "./highlight/dockerfile.min.js";
import ini from "./highlight/ini.min.js";
import markdown from "./highlight/markdown.min.js";
import python from "./highlight/python.min.js";
import yaml from "./highlight/yaml.min.js";

for (const [name, language] of Object.entries({ bash, dockerfile, ini, markdown, python, yaml })) {
  hljs.registerLanguage(name, language);
}

const LANGUAGES = { py: "python", yml: "yaml", yaml: "yaml", toml: "ini", md: "markdown", sh: "bash" };

const escaped = (text) =>
  text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

/** Give a text's lines without the empty one after the last line break. */
export function split(text) {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Give a file's lines as HTML, each with whole marks. */
export function highlighted(path, text) {
  const name = path.split("/").at(-1);
  const language = LANGUAGES[name.split(".").at(-1)] ?? (name === "Dockerfile" ? "dockerfile" : null);
  if (!language) return split(escaped(text));
  const open = [];
  return split(hljs.highlight(text, { language }).value).map((line) => {
    const before = open.join("");
    for (const [mark] of line.matchAll(/<span[^>]*>|<\/span>/g)) {
      if (mark === "</span>") open.pop();
      else open.push(mark);
    }
    return before + line + "</span>".repeat(open.length);
  });
}

/** Give the steps from some lines to others: [sign, index before, index after]. */
export function difference(before, after) {
  let start = 0;
  let end = 0;
  const most = Math.min(before.length, after.length);
  while (start < most && before[start] === after[start]) start += 1;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const rows = before.length - start - end;
  const columns = after.length - start - end;
  const common = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      common[i][j] =
        before[start + i] === after[start + j]
          ? common[i + 1][j + 1] + 1
          : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const steps = [];
  for (let i = 0; i < start; i += 1) steps.push([" ", i, i]);
  let [i, j] = [0, 0];
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[start + i] === after[start + j]) {
      steps.push([" ", start + i++, start + j++]);
    } else if (i < rows && (j === columns || common[i + 1][j] >= common[i][j + 1])) {
      steps.push(["-", start + i++, null]);
    } else {
      steps.push(["+", null, start + j++]);
    }
  }
  for (let k = 0; k < end; k += 1) {
    steps.push([" ", before.length - end + k, after.length - end + k]);
  }
  return steps;
}

/** Give how many lines come and go in each file that differs, and which files are new or gone. */
export function changes(before, after) {
  const found = {};
  for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[path]?.[1], after[path]?.[1]];
    if (old === now) continue;
    const steps = difference(split(old ?? ""), split(now ?? ""));
    found[path] = {
      kind: old === undefined ? "new" : now === undefined ? "gone" : "changed",
      more: steps.filter(([sign]) => sign === "+").length,
      less: steps.filter(([sign]) => sign === "-").length,
    };
  }
  return found;
}

/** Quote a word for a POSIX shell, if it has to be. */
export function quoted(word) {
  return /^[A-Za-z0-9_.,/:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Give a list as YAML does on one line. */
export function listed(values) {
  const word = (value) => (/^[A-Za-z_][\w.-]*$/.test(value) ? value : JSON.stringify(value));
  return `[${values.map(word).join(", ")}]`;
}
