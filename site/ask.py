"""Ask the template's questions as Copier does: defaults, types, choices, and what is refused."""

import json

import yaml

WORDS = ("type", "help", "default", "choices", "multiselect", "validator", "when", "placeholder")
TYPES = {"str": str, "int": int, "float": float, "yaml": yaml.safe_load, "json": json.loads}
FALSE = ("", "n", "no", "f", "false", "off", "~", "null", "none", "0")


class Refused(ValueError):
    """An answer that Copier wouldn't take."""


class Questions:
    """The questions of a copier.yml; `text` gives the template of a text."""

    def __init__(self, said, text):
        self.named = {name: words for name, words in said.items() if name[0] != "_"}
        self.text = text
        for name, words in self.named.items():
            odd = [word for word in words if word not in WORDS]
            if odd:
                raise NotImplementedError(f"{name}: site/ask.py doesn't know {odd[0]!r}")

    def value(self, text, context):
        """Render one value if it is a text."""
        if isinstance(text, list):
            return [self.value(each, context) for each in text]
        return self.text(text).render(context) if isinstance(text, str) else text

    def choices(self, question, context):
        """Give a question's answers, each with its label and with what speaks against it."""
        listed = question.get("choices", [])
        if isinstance(listed, str):
            listed = yaml.safe_load(self.value(listed, context))
        pairs = listed.items() if isinstance(listed, dict) else [(each, each) for each in listed]
        found = {}
        for label, said in pairs:
            full = said if isinstance(said, dict) else {"value": said}
            if isinstance(label, list | dict) or full.keys() - {"value", "validator"}:
                raise NotImplementedError(f"site/ask.py doesn't know the choice {label!r}")
            reason = self.value(full.get("validator", ""), context).strip()
            answer = cast(question, self.value(full["value"], context))
            found[answer] = str(self.value(label, context)), reason
        return found

    def parse(self, name, answer, context):
        """Give an answer as Copier keeps it, or say what is wrong with it."""
        question, listed = self.named[name], self.choices(self.named[name], context)
        given = answer
        if question.get("multiselect"):
            given = yaml.safe_load(answer) if isinstance(answer, str) else answer
            if not isinstance(given, list):
                raise Refused(f"{answer!r} is no list")
            given = [cast(question, each) for each in given]
            answer = [each for each in listed if each in given]
        else:
            answer = cast(question, answer)
            given = [answer] if listed else []
        for each in given:
            if each not in listed:
                raise Refused(f"{each!r} is none of its answers")
            if listed[each][1]:
                raise Refused(listed[each][1])
        reason = self.value(question.get("validator", ""), context | {name: answer}).strip()
        if reason:
            raise Refused(reason)
        return answer

    def answer(self, given, base):
        """Answer every question: from what is given, else by default; give what is wrong, too."""
        context, hidden, wrong = base | given, set(), {}
        for name, question in self.named.items():
            asked = truth(self.value(question.get("when", True), context))
            hidden |= set() if asked else {name}
            try:
                if asked and name in given:
                    context[name] = self.parse(name, given[name], context)
                    continue
                default = self.value(question["default"], context)
                if asked or question.get("multiselect"):
                    context[name] = self.parse(name, default, context)
                else:
                    context[name] = cast(question, default)
            except (Refused, ValueError) as error:
                context[name], wrong[name] = given.get(name, question["default"]), str(error)
        return context, hidden, wrong


def cast(question, answer):
    """Give an answer in its question's type."""
    if question.get("type") == "bool":
        return truth(answer)
    if question.get("type", "yaml") in ("yaml", "json") and not isinstance(answer, str):
        return answer
    return TYPES[question.get("type", "yaml")](answer)


def truth(word):
    """Read yes or no as Copier does."""
    return bool(word) if not isinstance(word, str) else word.strip().lower() not in FALSE
