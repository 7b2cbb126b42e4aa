"""Speak with the page: answers come in as JSON, a project goes out as JSON or as a ZIP."""

import json
import tomllib

import yaml
from ask import Refused
from renderer import Template, packed


class Bridge:
    """The renderer as a page needs it, in a browser's worker or where the site is built."""

    def __init__(self, root, told):
        """Take the template's folder, and what the build says: the questions and the source."""
        self.template = Template(root, told["copier"])
        self.questions = self.template.questions
        self.source, self.version = told["source"], told["version"]

    def project(self, given, folder):
        """Give what the page shows of these answers: files, or what is wrong with them."""
        context, wrong = self.template.context(given, self.source, self.version, folder)
        asked = [name for name in self.questions.named if name in context["_copier_answers"]]
        said = {"values": {name: context[name] for name in asked}, "wrong": wrong}
        said["refused"] = {name: self.refused(name, context) for name in asked}
        if not wrong:
            files = self.template.files(context)
            texts = {path: [mode, content.decode()] for path, (mode, content) in files.items()}
            said |= {"files": texts, "dependencies": dependencies(files)}
        return said

    def objections(self, given):
        """Give what is wrong with these answers, by question."""
        return self.template.context(given, self.source, self.version, "project")[1]

    def refused(self, name, context):
        """Give the answers to a question that can't be chosen now, each with the reason."""
        question, now, found = self.questions.named[name], context[name], {}
        for answer, (_, reason) in self.questions.choices(question, context).items():
            several = question.get("multiselect")
            chosen = answer in now if several else answer == now
            if not reason and not chosen:
                try:
                    self.questions.parse(name, [*now, answer] if several else answer, context)
                except Refused as error:
                    # What is wrong already is no reason against one more.
                    reason = "" if several and self.wrong(name, context) else str(error)
            if reason:
                found[str(answer)] = reason
        return found

    def wrong(self, name, context):
        """Tell whether the answer that a question has is refused."""
        try:
            self.questions.parse(name, context[name], context)
        except Refused:
            return True
        return False

    def pasted(self, text):
        """Give the answers in the text of a .copier-answers.yml, and what it can't mean here."""
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            return {"error": f"This is no YAML: {str(error).splitlines()[0]}"}
        if not isinstance(found, dict):
            return {"error": "This is no answers file: it has lines like `name: answer`"}
        known = {name: answer for name, answer in found.items() if name in self.questions.named}
        others = [name for name in found if name not in known and not name.startswith("_")]
        if not known:
            return {"error": "None of these are answers to a question of this template"}
        return {"answers": known, "unknown": others, "version": found.get("_commit")}

    def archive(self, given, folder):
        """Give the project as a ZIP."""
        return packed(self.template.render(given, self.source, self.version, folder), folder)


def dependencies(files):
    """Give what the project has to have installed, by the standard file that says so."""
    if "pyproject.toml" not in files:
        return []
    said = tomllib.loads(files["pyproject.toml"][1].decode())
    return said.get("project", {}).get("dependencies", [])


def call(bridge, name, text):
    """Call the bridge by name with arguments in JSON; a ZIP comes back as it is."""
    done = getattr(bridge, name)(*json.loads(text))
    return done if isinstance(done, bytes) else json.dumps(done)
