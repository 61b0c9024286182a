"""Converts YAML text to plain values and back, with YAML 1.2 numbers (``1e-4`` is a number) and no duplicate keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from mindocr.errors import ConfigError
from mindocr.models.file_kind import Kind, kind_of

_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
)
_INT = re.compile(r"[-+]?[0-9][0-9_]*$|0o[0-7]+$|0x[0-9a-fA-F]+$")

# Far above any real configuration, far below sizes that take seconds or much memory to read.
LONGEST = 1 << 18  # characters
DEEPEST = 50  # levels
MOST_VALUES = 100_000  # with every alias expanded
_LONGEST_NUMBER = 100  # characters

_MODEL_FILES = (Kind.CHECKPOINT, Kind.SAFETENSORS, Kind.MINDIR, Kind.ONNX, Kind.TORCH_ZIP, Kind.PICKLE)

_INT_TAG, _FLOAT_TAG = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_BOOL_TAG, _MERGE_TAG = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:merge"
_REFUSED = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("binary", "timestamp", "omap", "pairs", "set"))
_REPLACED = (_INT_TAG, _FLOAT_TAG, "tag:yaml.org,2002:timestamp")


def _resolvers() -> dict[str | None, list[tuple[str, re.Pattern[str]]]]:
    """PyYAML's table with YAML 1.2 numbers; dates stay text."""
    table = {
        first: [(tag, pattern) for tag, pattern in rules if tag not in _REPLACED]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for first in "-+.0123456789":
        table[first] = [*table.get(first, []), (_INT_TAG, _INT), (_FLOAT_TAG, _FLOAT)]
    return table


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = _resolvers()
    yaml_constructors = {tag: make for tag, make in yaml.SafeLoader.yaml_constructors.items() if tag not in _REFUSED}
    _level = 0
    _merged = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As in PyYAML, with a depth limit: thousands of levels take seconds, and MindSpore lifts Python's limit."""
        if self._level > DEEPEST:
            problem = f"nested too deep; the limit is {DEEPEST} levels"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=self.peek_event().start_mark)
        self._level += 1
        node = super().compose_node(parent, index)
        self._level -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == _MERGE_TAG:
                continue
            key = self.construct_object(key_node, deep=True)  # type: ignore[no-untyped-call]
            mark = key_node.start_mark
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem=f"keys are words, got {key!r}", problem_mark=mark)
            if key in lines:
                problem = f"key '{key}' appears twice, first on line {lines[key]}"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
            lines[key] = mark.line + 1
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """As in PyYAML, with a limit on the keys: each merge in a file can repeat all keys of the merges before it."""
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in (s for s in sources if isinstance(s, yaml.MappingNode)):
                    self.flatten_mapping(source)
                    self._merged += len(source.value)
                    if self._merged > MOST_VALUES:
                        problem = f"merges (<<) bring more than {MOST_VALUES} keys into this file"
                        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        super().flatten_mapping(node)

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        text = super().construct_scalar(node)  # type: ignore[no-untyped-call]
        if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            problem = "a text contains NUL or half a surrogate pair, which no file name can contain"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return text

    def construct_number(self, node: yaml.ScalarNode) -> int | float:
        text = str(node.value).replace("_", "").lower()
        try:
            if len(text) > _LONGEST_NUMBER:
                raise ValueError(f"a number of {len(text)} characters")
            if node.tag == _FLOAT_TAG:
                return float(text.replace(".inf", "inf").replace(".nan", "nan"))
            return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
        except ValueError as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None

    def construct_truth(self, node: yaml.ScalarNode) -> bool:
        word = str(node.value).lower()
        if word not in self.bool_values:
            problem = f"expected true or false, got {word[:40]!r}"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return self.bool_values[word]


class _Dumper(yaml.SafeDumper):
    """Quotes every text that PyYAML's rules or ours would read as something other than text."""

    yaml_implicit_resolvers = {
        first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *rules]
        for first, rules in _resolvers().items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        # PyYAML folds the line breaks of other scripts in plain and single-quoted text.
        style = '"' if any(break_ in data for break_ in "\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)
_Loader.add_constructor(_INT_TAG, _Loader.construct_number)
_Loader.add_constructor(_FLOAT_TAG, _Loader.construct_number)
_Loader.add_constructor(_BOOL_TAG, _Loader.construct_truth)


def parse_yaml(text: str, source: str, help_follows: bool = False) -> Any:
    """Values of a YAML text.

    Args:
        text: the YAML.
        source: its name in messages, such as the path of a file.
        help_follows: further documents may follow that only describe keys, as in files of MindSpore's model zoo: their
            values are texts or lists, and the first document has no sections. They are not used.

    Raises:
        ConfigError: the text is not YAML, a key appears twice, or the text exceeds the limits above; the message
            starts with ``source:line``, or with ``source`` if no line is known.
    """
    if len(text) > LONGEST:
        raise ConfigError(f"{source}: {len(text)} characters; no configuration is longer than {LONGEST}")
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))  # a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{source}:{mark.line + 1}" if mark else source
        raise ConfigError(f"{where}: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{source}:{line}: {error.reason} (character {error.character!r})") from None
    except RecursionError:
        raise ConfigError(f"{source}: nested too deep; the limit is {DEEPEST} levels") from None
    except ValueError as error:
        raise ConfigError(f"{source}: not valid YAML: {error}") from None
    values = documents[0] if documents else None
    if len(documents) > 1 and not (help_follows and _is_flat(values) and all(map(_is_help, documents[1:]))):
        raise ConfigError(f"{source}: {len(documents)} documents, separated by lines of ---; expected one")
    if (count := _written_out(values, (), {}, source)) > MOST_VALUES:
        text = f"{count} values after its aliases (*name) are expanded; the limit is {MOST_VALUES}"
        raise ConfigError(f"{source}: {text}")
    return values


def _is_flat(values: Any) -> bool:
    return isinstance(values, dict) and not any(isinstance(value, dict) for value in values.values())


def _is_help(values: Any) -> bool:
    return isinstance(values, dict) and all(isinstance(value, str | list) for value in values.values())


def _written_out(value: Any, above: tuple[int, ...], known: dict[int, int], source: str) -> int:
    """Number of values with every alias expanded; ``known`` holds the counts of the containers visited so far."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) in above:
        raise ConfigError(f"{source}: an anchor (&name) contains an alias of itself (*name)")
    if len(above) >= DEEPEST:
        raise ConfigError(f"{source}: nested too deep; the limit is {DEEPEST} levels")
    if id(value) not in known:
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_written_out(item, (*above, id(value)), known, source) for item in inner)
    return known[id(value)]


def read_yaml(path: Path) -> Any:
    """Values of a YAML file in UTF-8.

    Raises:
        ConfigError: the file is missing, unreadable, not UTF-8 or not YAML.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise ConfigError(f"{path}: {reason}") from None
    kind = kind_of(path)
    if kind in _MODEL_FILES:
        raise ConfigError(f"{path}: expected a YAML file, but this is {kind.noun}; {kind.advice(path)}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 (byte 0x{raw[error.start]:02x}); save the file as UTF-8") from None
    return parse_yaml(text, str(path), help_follows=True)


def dump_yaml(values: Any) -> str:
    """YAML text that ``parse_yaml`` reads back as equal values; the order of keys stays."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
