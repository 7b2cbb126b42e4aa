"""YAML, read strictly: a key is a text and stands once, and what looks like a number is one."""

import re
from typing import Any, ClassVar

import yaml

TAG = "tag:yaml.org,2002:"
PLAIN = {
    "null": r"(null|~|)\Z",
    "bool": r"(true|false)\Z",
    "int": r"[-+]?(0|[1-9][0-9]{0,18})\Z",
    "float": r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?\Z|[-+]?\.inf\Z|\.nan\Z",
}
"""what isn't a text: no dates, no `010` that is 8, no `no` that is false, but `1e-4`"""


class Reader(yaml.SafeLoader):
    """A reader of nulls, truths, numbers, texts, lists and settings, each as it is written."""

    yaml_implicit_resolvers: ClassVar = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None):
            problem = "aliases and tags, as *this and !that, are not read"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return super().compose_node(parent, index)


for kind, pattern in PLAIN.items():
    Reader.add_implicit_resolver(TAG + kind, re.compile(pattern, re.IGNORECASE), [None])


def read(text: str | bytes) -> Any:
    """Return what YAML says; raise ValueError, naming the line, for what can't be read."""
    try:
        reader = Reader(text)
        node = reader.get_single_node()
        check_keys(node, {})
        return reader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        hint = "; indent with spaces" if "'\\t'" in error.problem else ""
        raise ValueError(f"line {error.problem_mark.line + 1}: {error.problem}{hint}") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ValueError("too many lists or settings inside each other") from None


def check_keys(node: yaml.Node | None, lines: dict[str, int], prefix: str = "") -> None:
    """Raise ValueError for a key that is no text, or is one of `lines`, where the others stand."""
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            check_keys(item, lines, f"{prefix}{place}.")
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.tag != f"{TAG}str" or not key.value:
                raise ValueError(f"line {line}: a key must be a text; quote it if it is one")
            name = f"{prefix}{key.value}"
            if name in lines:
                raise ValueError(f"{name} stands twice, in lines {lines[name]} and {line}")
            lines[name] = line
            check_keys(value, lines, f"{name}.")
