"""Result of a fit, written to files: the overlay, and a table that compares fixed, fitted and oracle scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from markupsafe import Markup

from mindocr.config.yaml_io import dump_yaml
from mindocr.metrics.score import LEVEL, Score
from mindocr.utils.files import write_text
from mindocr.utils.html import STYLE


class Setting(Protocol):
    """One combination of values."""

    def arguments(self) -> dict[str, Any]:
        """Arguments of the post-processing, as YAML writes them."""


NAME = "fit"
LABELS = {
    "fixed": "fixed: as configured",
    "fitted": "fitted on the validation images",
    "oracle": "oracle: fitted on the test images themselves; an upper bound, not a result",
}
HEADS = ("settings", "validation f-score", "test recall", "test precision", "test f-score")


@dataclass(frozen=True)
class Row:
    """One choice of settings.

    Attributes:
        kind: a key of :data:`LABELS`.
        setting: the chosen settings.
        validation: its score on the images that were fitted on; None for the oracle.
        test: its score on the test images, which is reported.
    """

    kind: str
    setting: Setting
    validation: Score | None
    test: Score


@dataclass(frozen=True)
class Outcome:
    """A finished fit.

    Attributes:
        rows: fixed, fitted, oracle.
        source: description of the images that were fitted on.
        tried: settings tried on the validation images.
        overlay: the file that holds the fitted settings.
    """

    rows: Sequence[Row]
    source: str
    tried: int
    overlay: Path

    @property
    def fitted(self) -> Setting:
        """The fitted settings."""
        return next(row.setting for row in self.rows if row.kind == "fitted")

    def overrides(self) -> str:
        """The fitted settings as arguments of ``-o``."""
        words = {f"postprocess.{key}": value for key, value in self.fitted.arguments().items() if value is not None}
        return " ".join(
            f"{key}={value}" if " " not in str(value) else f"'{key}={value}'" for key, value in words.items()
        )

    def __str__(self) -> str:
        return "\n".join([self.as_markdown(), f"overlay: {self.overlay}", f"or: -o {self.overrides()}"])

    def as_markdown(self) -> str:
        """The table in Markdown."""
        lines = [f"| {' | '.join(HEADS)} |", f"|{'---|' * len(HEADS)}"]
        lines += [f"| {' | '.join(cells)} |" for cells in self._cells()]
        return "\n".join([*lines, "", self._note(), ""])

    def as_html(self) -> str:
        """The table as a self-contained HTML page."""
        heads = Markup("").join(Markup("<th>{}</th>").format(head) for head in HEADS)
        rows = Markup("").join(
            Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells))
            for cells in self._cells()
        )
        return Markup(
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Fitted post-processing</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><style>{}</style></head><body>'
            '<h1>Fitted post-processing</h1><div class="scroll"><table><tr>{}</tr>{}</table></div><p>{}</p>'
            "</body></html>\n"
        ).format(STYLE, heads, rows, self._note())

    def as_json(self) -> str:
        """All results as JSON, with all digits."""
        rows = [
            {
                "kind": row.kind,
                "label": LABELS[row.kind],
                "settings": row.setting.arguments(),
                "validation": json.loads(row.validation.as_json()) if row.validation else None,
                "test": json.loads(row.test.as_json()),
            }
            for row in self.rows
        ]
        return json.dumps({"fitted_on": self.source, "settings_tried": self.tried, "rows": rows}, indent=2) + "\n"

    def write(self, folder: Path) -> None:
        """Write the overlay, and ``fit.json``, ``fit.md``, ``fit.html`` to the folder.

        An overlay and a ``fit.json`` of another fit are kept under other names.
        """
        validation = {row.kind: row.validation.f_score for row in self.rows if row.validation}
        header = (
            f"# Settings fitted on {self.source}: their f-score is {validation['fitted']:.4f}, "
            f"it was {validation['fixed']:.4f} before the fit.\n"
        )
        content: dict[str, Any] = {"postprocess": self.fitted.arguments()}
        write_text(self.overlay, header + dump_yaml(content), old="keep")
        for ending, text in (("json", self.as_json()), ("md", self.as_markdown()), ("html", self.as_html())):
            write_text(folder / f"{NAME}.{ending}", text, old="keep" if ending == "json" else "replace")

    def _cells(self) -> list[list[str]]:
        rows = []
        for row in self.rows:
            given = ", ".join(f"{k} {v}" for k, v in row.setting.arguments().items() if v is not None)
            low, high = row.test.interval["f_score"]
            rows.append([
                f"{LABELS[row.kind]} ({given})",
                f"{row.validation.f_score:.4f}" if row.validation else "",
                f"{row.test.recall:.4f}",
                f"{row.test.precision:.4f}",
                f"{row.test.f_score:.4f} ({LEVEL:.0%} interval {low:.4f} to {high:.4f})",
            ])  # fmt: skip
        return rows

    def _note(self) -> str:
        images = int(self.rows[0].test.counts["images"])
        return (
            f"Fitted on {self.source}, {self.tried} settings tried; protocol {self.rows[0].test.protocol}; "
            f"{images} test images, none of which was fitted on in the first two rows."
        )
