"""Render the template as Copier does, with Jinja and PyYAML alone, so that a browser can.

It does what this template asks for. A test compares every covering row with Copier's own output,
and whatever of Copier it doesn't know is refused: `refuse_unknown` and the like.
"""

import io
import zipfile
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path, PurePath

import jinja2
from ask import Questions, Refused
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import SandboxedEnvironment

SETTINGS = ("envops", "exclude", "subdirectory", "templates_suffix", "min_copier_version")
DATE = (1980, 1, 1, 0, 0, 0)  # of all files in the ZIP, so that equal answers give equal bytes


class Yield(Extension):
    """Copier's tag for a path that stands for several: it notes down what to loop over."""

    tags = {"yield"}  # noqa: RUF012 - as Jinja wants it

    def parse(self, parser):
        line = next(parser.stream).lineno
        name = parser.parse_assign_target(name_only=True).name
        parser.stream.expect("name:from")
        call = self.call_method("note", [nodes.Const(name), parser.parse_expression()])
        body = parser.parse_statements(("name:endyield",), drop_needle=True)
        return nodes.CallBlock(call, [], [], body, lineno=line)

    def note(self, name, values, caller):
        if self.environment.loop:
            raise NotImplementedError(f"yield {name}: a path has one, a text none")
        self.environment.loop = name, values
        try:
            return caller()
        except jinja2.UndefinedError:
            return ""


def refuse_unknown(said):
    """Stop at the first setting of Copier that is read here otherwise, or not at all."""
    for name in said:
        if name[0] == "_" and name[1:] not in SETTINGS and not name.startswith("_message_"):
            raise NotImplementedError(f"{name}: site/renderer.py doesn't know this setting")
    for pattern in said.get("_exclude", []):
        if set(pattern) & set("/!{#\n") or "**" in pattern:
            raise NotImplementedError(f"_exclude: site/renderer.py doesn't know {pattern!r}")


class Template:
    """A template that lies in a folder: what it asks, and the files that it writes."""

    def __init__(self, root, said):
        """Take the template's folder, and what its copier.yml says."""
        refuse_unknown(said)
        self.root, self.said = Path(root), said
        self.top = self.root / said.get("_subdirectory", "")
        self.suffix = said.get("_templates_suffix", ".jinja")
        self.excluded = said.get("_exclude", [])
        self.text = cache(self.environment.from_string)
        self.questions = Questions(said, self.text)

    @cached_property
    def environment(self):
        """Give Jinja as Copier sets it up; what it has compiled is kept."""
        options = {"keep_trailing_newline": True} | self.said.get("_envops", {})
        strict = str(options.get("undefined")).endswith("StrictUndefined")
        options["undefined"] = jinja2.StrictUndefined if strict else jinja2.Undefined
        return SandboxedEnvironment(
            loader=jinja2.FileSystemLoader(self.root),
            extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension", Yield],
            cache_size=-1,
            auto_reload=False,
            **options,
        )

    def context(self, given, source, commit, target):
        """Give the names that the template's texts may use."""
        conf = {"src_path": PurePath(self.root), "dst_path": PurePath(target), "sep": "/"}
        conf |= {"answers_file": PurePath(".copier-answers.yml"), "os": "linux"}
        start = {"_commit": commit} if commit else {}
        start |= {"_src_path": source}
        base = start | {"_copier_conf": conf, "_copier_answers": {}}
        context, hidden, wrong = self.questions.answer(given, base)
        kept = {name: context[name] for name in self.questions.named if name not in hidden}
        return context | {"_copier_answers": start | kept, "_folder_name": target}, wrong

    def paths(self, parts, context, done=()):
        """Give the paths that a template's path stands for, each with the names it adds."""
        if not parts:
            yield PurePath(*done), context
            return
        rendered, loop = self.filled(self.text(parts[0]), context)
        if not loop:
            if rendered:
                yield from self.paths(parts[1:], context, (*done, rendered))
            return
        name, values = loop
        for value in values:
            rendered, _ = self.filled(self.text(parts[0]), context | {name: value})
            if rendered:
                yield from self.paths(parts[1:], context | {name: value}, (*done, rendered))

    def filled(self, text, context):
        """Fill a text in, and give the loop that a `yield` in it asks for."""
        self.environment.loop = None
        return text.render(context), self.environment.loop

    def render(self, given, source, commit=None, target="project"):
        """Give the project's files by path: whether it can be executed, and its bytes."""
        context, wrong = self.context(given, source, commit, target)
        if wrong:
            raise Refused("; ".join(f"{name}: {reason}" for name, reason in wrong.items()))
        return self.files(context)

    def files(self, context):
        """Give the files that these answers make."""
        found = {}
        for place in self.places:
            is_text = place.name.endswith(self.suffix)
            parts = place.relative_to(self.top).parts
            parts = (*parts[:-1], parts[-1].removesuffix(self.suffix))
            for path, names in self.paths(parts, context):
                if any(fnmatchcase(part, each) for part in path.parts for each in self.excluded):
                    continue
                content = place.read_bytes()
                if is_text:
                    text = self.environment.get_template(place.relative_to(self.root).as_posix())
                    content, loop = self.filled(text, names)
                    if loop:
                        raise NotImplementedError(f"{path}: only a path may yield")
                    content = content.encode()
                if path.as_posix() in found:
                    raise NotImplementedError(f"{path} is written twice")
                found[path.as_posix()] = place.stat().st_mode & 0o100 != 0, content
        return dict(sorted(found.items()))

    @cached_property
    def places(self):
        """Give the files of the template that become files of a project."""
        found = sorted(path for path in self.top.rglob("*") if not path.is_dir())
        if any(path.is_symlink() for path in found):
            raise NotImplementedError("site/renderer.py doesn't know links")
        return [path for path in found if not path.with_name(path.name + self.suffix).exists()]


def packed(files, folder):
    """Give a ZIP with these files in a folder; equal files give equal bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, (executable, content) in files.items():
            entry = zipfile.ZipInfo(f"{folder}/{path}", DATE)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            archive.writestr(entry, content)
    return written.getvalue()
