"""The page docs/differences_from_mindocr.md, made from the table beside it and from the table of MindOCR's flags."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mindocr.config.parts import ANY, fits
from mindocr.config.wording import field_paths
from mindocr.config.yaml_io import read_yaml
from mindocr.errors import ConfigError
from mindocr.utils import files

SUBJECTS = ("key", "argument", "part", "flag", "about")
_TEXTS = ("mindocr", "here")
_OPTIONAL = ("why", "check")
_FLAGS = "mindocr.cli.mindocr_flags"
_WIDTH = 120


def read_table(path: Path) -> dict[str, Any]:
    """Read the table; see its first lines for what a row holds.

    Raises:
        ConfigError: a row without exactly one subject, without its texts, or with another key.
    """
    table = read_yaml(path)
    for section in table["sections"]:
        for row in section["rows"]:
            subjects = [key for key in SUBJECTS if key in row]
            wrong = [key for key in row if key not in (*SUBJECTS, *_TEXTS, *_OPTIONAL)]
            if len(subjects) != 1 or wrong or not all(isinstance(row.get(key), str) for key in _TEXTS):
                raise ConfigError(
                    f"{path}: section '{section['title']}': expected a row with one of {', '.join(SUBJECTS)}, the "
                    f"texts {' and '.join(_TEXTS)}, and perhaps {' and '.join(_OPTIONAL)}; got {row}"
                )
    return dict(table)


def subject_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """The kind of a row, such as ``key``, and its subject."""
    kind = next(kind for kind in SUBJECTS if kind in row)
    return kind, str(row[kind])


def page(table: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    lines = [
        "# Differences from MindOCR", "",
        "Made by `mindocr check-config --differences docs/differences_from_mindocr.md` from the table",
        "[differences_from_mindocr.yaml](differences_from_mindocr.yaml); do not edit.", "",
        *_wrapped(table["intro"]),
    ]  # fmt: skip
    for section in table["sections"]:
        lines += ["", f"## {section['title']}", ""]
        if "intro" in section:
            lines += [*_wrapped(section["intro"]), ""]
        lines += _rows(section["rows"])
    lines += ["", "## YAML keys that exist only here", "", *_wrapped(", ".join(f"`{key}`" for key in own_keys(table)))]
    lines += _flag_sections()
    return "\n".join(lines) + "\n"


def own_keys(table: Mapping[str, Any]) -> list[str]:
    """Keys of our fixed sections that MindOCR does not have: those that the table does not name."""
    rows = [subject_of(row) for section in table["sections"] for row in section["rows"]]
    known = [*table["same_keys"].split(), *(subject for kind, subject in rows if kind == "key")]
    paths = [path for path, _ in field_paths()]
    keys = [path for path in paths if not any(other.startswith(f"{path}.") for other in paths)]
    return [path.replace(ANY, "<name>") for path in keys if not any(fits(key, path) for key in known)]


def write_page(path: Path) -> None:
    """Write the page to ``path`` from the table beside it, ``<name>.yaml``."""
    files.write_text(path, page(read_table(path.with_suffix(".yaml"))))


def _rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    has_reasons = any("why" in row for row in rows)
    head = ["", "MindOCR", "here", *(["why"] if has_reasons else [])]
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        kind, subject = subject_of(row)
        cells = [subject if kind == "about" else f"`{subject}`", row["mindocr"], row["here"]]
        yield _line([*cells, *([row.get("why", "")] if has_reasons else [])])


def _flag_sections() -> Iterator[str]:
    """A table for each command whose flags are in the table of flags, if there is one."""
    try:
        flags = importlib.import_module(_FLAGS).FLAGS
    except ModuleNotFoundError:
        return
    for command in dict.fromkeys(flag.command for flag in flags):
        own = [flag for flag in flags if flag.command == command]
        yield from ("", f"## Flags of mindocr {command}", "", "| | meaning | MindOCR's default | default here | note |")
        yield "|---|---|---|---|---|"
        for flag in own:
            if flag.status != "ignored":
                meaning = flag.meaning + (f" (`{flag.key}`)" if flag.key else "")
                yield _line([f"`{flag.name}`", meaning, flag.there, flag.here, flag.note])
        for meaning in dict.fromkeys(flag.meaning for flag in own if flag.status == "ignored"):
            names = [f"`{flag.name}`" for flag in own if flag.status == "ignored" and flag.meaning == meaning]
            yield from ("", *_wrapped(f"Accepted without an effect ({meaning}): {', '.join(names)}."))


def _line(cells: Sequence[Any]) -> str:
    return f"| {' | '.join(' '.join(str(cell).split()).replace('|', chr(92) + '|') for cell in cells)} |"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)
