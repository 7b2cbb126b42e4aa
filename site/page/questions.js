// The answers as the form has them, as a link says them, and as commands.

import { listed, quoted } from "./lines.js";

const equal = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export class Answers {
  constructor(form, told) {
    this.form = form;
    this.told = told;
    this.questions = told.questions;
    this.defaults = Object.fromEntries(this.questions.map(({ name, start }) => [name, start]));
  }

  fields(name) {
    return [...this.form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  }

  /** Give all answers as they stand in the form. */
  get() {
    return Object.fromEntries(
      this.questions.map((question) => [question.name, this.one(question)]),
    );
  }

  one({ name, kind }) {
    const fields = this.fields(name);
    if (kind === "several") return fields.filter((each) => each.checked).map((each) => each.value);
    if (kind === "yes") return fields[0].checked;
    if (kind === "one") return fields.find((each) => each.checked)?.value ?? "";
    return fields[0].value;
  }

  /** Bring the form to these answers; what isn't named gets its default. */
  set(answers) {
    for (const { name, kind } of this.questions) {
      const answer = answers[name] ?? this.defaults[name];
      for (const field of this.fields(name)) {
        if (kind === "several") field.checked = [answer].flat().includes(field.value);
        else if (kind === "yes") field.checked = answer === true;
        else if (kind === "one") field.checked = field.value === String(answer);
        else field.value = answer;
      }
    }
  }

  /** Give the answers that aren't the defaults. */
  differing(answers = this.get()) {
    return Object.entries(answers).filter(([name, answer]) => !equal(answer, this.defaults[name]));
  }

  /** Give the folder for the project, as the template's other door names it. */
  folder(answers = this.get()) {
    const name = String(Object.values(answers)[0] ?? "");
    return name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "project";
  }

  copier() {
    const words = this.differing().map(([name, answer]) => {
      const text = Array.isArray(answer) ? listed(answer) : String(answer);
      return `--data ${quoted(`${name}=${text}`)}`;
    });
    return ["uvx copier copy --defaults", ...words, `${quoted(this.told.source)} ${this.folder()}`];
  }

  cookiecutter() {
    const words = this.differing().map(([name, answer]) => {
      const text = Array.isArray(answer) ? answer.join(", ") || "none" : String(answer);
      return quoted(`${name}=${text}`);
    });
    return [`uvx cookiecutter --no-input ${quoted(this.told.source)}`, ...words];
  }

  /** Give the part of an address that says the answers, in words. */
  toLink() {
    const words = this.differing().map(([name, answer]) => {
      const text = Array.isArray(answer) ? answer.join(",") : String(answer);
      return `${encodeURIComponent(name)}=${encodeURIComponent(text).replaceAll("%2C", ",")}`;
    });
    return words.join("&");
  }

  /** Read the answers from such a part; what is no answer is left out. */
  fromLink(text) {
    const found = {};
    const kinds = new Map(this.questions.map((question) => [question.name, question.kind]));
    for (const [name, value] of new URLSearchParams(text)) {
      const kind = kinds.get(name);
      const values = new Set(kind === "text" ? [] : this.fields(name).map((each) => each.value));
      if (kind === "several") found[name] = value.split(",").filter((each) => values.has(each));
      else if (kind === "yes") found[name] = value === "true";
      else if (kind === "text" || values.has(value)) found[name] = value;
    }
    return found;
  }
}
