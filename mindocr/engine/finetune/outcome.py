"""Result of a fine-tuning: a table for the screen, ``summary.json`` and a page."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mindocr.engine.finetune.between import Between
from mindocr.engine.fit.run import ValidationFit
from mindocr.engine.train.loggers.curves import CURVES_NAME
from mindocr.engine.train.next_commands import Started
from mindocr.metrics.granularity import Granularity
from mindocr.metrics.score import Score
from mindocr.utils.files import write_text
from mindocr.utils.html import STYLE

SUMMARY, PAGE = "summary.json", "report.html"
_SHOWN = {
    "det": ("recall", "precision", "f-score"),
    "rec": ("acc", "exact", "alphanumeric", "norm_edit_distance", "space_recall", "space_precision"),
}


@dataclass(frozen=True)
class Outcome:
    """A finished fine-tuning.

    Attributes:
        folder: with all files.
        task: ``det`` or ``rec``.
        started_from: the weights.
        training, validation: numbers of images.
        rows: numbers of each epoch, epoch 0 first, as in performance.csv.
        best_epoch: whose weights are kept; 0 = the weights from which it started.
        indicator: the score that decides.
        before, after: fits of the post-processing on the validation images; None where it has nothing to fit.
        granularity: labels against what the untouched network finds, by label file.
        second: names of the further data sets.
        own_validation: the validation images were given, not held out.
        commands: how the user starts our commands.
        between: weights on the way to those of the best epoch, which are kept in their place.
    """

    folder: Path
    task: str
    started_from: str
    training: int
    validation: int
    rows: Sequence[Mapping[str, Any]]
    best_epoch: int
    indicator: str
    before: ValidationFit | None
    after: ValidationFit | None
    granularity: Mapping[str, Granularity]
    second: Sequence[str]
    own_validation: bool
    commands: Started
    between: Between | None = None

    def row(self, epoch: int) -> Mapping[str, Any]:
        """The numbers of an epoch; empty where there are none."""
        return next((row for row in self.rows if row["epoch"] == epoch), {})

    @property
    def kept(self) -> Mapping[str, Any]:
        """The numbers of the weights that are kept."""
        return self.row(self.best_epoch) if self.between is None else self.between.scores

    def table(self) -> list[tuple[str, ...]]:
        """Head and rows of the comparison."""
        names = [name for name in _SHOWN[self.task] if self.kept.get(name) is not None]
        head = ("weights, post-processing, images", *names)
        part = "" if self.between is None else f", {100 * self.between.share:.0f} % of the way"
        tuned = f"fine-tuned (epoch {self.best_epoch}{part})"
        rows = []
        if self.before is not None and self.after is not None:
            images = f"{self.validation} validation images"
            for title, score in (
                (f"untouched, as released, {images}", self.before.score_now),
                (f"untouched, fitted, {images}", self.before.score_fitted),
                (f"{tuned}, the settings of the line above, {images}", self.after.score_now),
                (f"{tuned}, fitted, {images}", self.after.score_fitted),
            ):
                rows.append((title, *(f"{value:.4f}" for value in (score.recall, score.precision, score.f_score))))
        else:
            for title, row in (("untouched", self.row(0)), (tuned, self.kept)):
                cells = (_number(row.get(name)) for name in names)
                rows.append((f"{title}, {self.validation} validation images", *cells))
        for data in self.second:
            for title, row in (("untouched", self.row(0)), (tuned, self.kept)):
                cells = (_number(row.get(f"{data}.{name}")) for name in names)
                rows.append((f"{title}, {data}", *cells))
        return [head, *rows]

    def notes(self) -> list[str]:
        """What the table means, a sentence each."""
        notes = []
        if self.best_epoch == 0:
            notes.append(
                f"No epoch was better than the weights that it started from ({self.indicator} on the validation "
                "images), so these are kept; try more images, a lower scheduler.lr, or more epochs."
            )
        if self.between is not None:
            trained, kept = (float(row[self.indicator]) for row in (self.row(self.best_epoch), self.between.scores))
            notes.append(
                f"The weights that are kept lie at {100 * self.between.share:.0f} % of the way from the untouched ones "
                f"to those of epoch {self.best_epoch}: {self.indicator} {kept:.4f} on the validation images, against "
                f"{trained:.4f} at the end of the way (train/best.ckpt)."
            )
        notes.append(
            "Epoch, place on the way and fitted settings were chosen on the validation images, so the scores there are "
            "a little too high; compare with a test set, by the command below."
        )
        for data in self.second:
            old, new = (row.get(f"{data}.{self.indicator}") for row in (self.row(0), self.kept))
            if old is not None and new is not None:
                lost = "forgotten" if new < old else "gained"
                notes.append(
                    f"{data}: {self.indicator} {old:.4f} before, {new:.4f} after; {abs(new - old):.4f} {lost}."
                )
        for name, each in self.granularity.items():
            notes.append(f"Labels of {name} and the untouched network: {each.describe()}.")
            if each.advice():
                notes.append(f"{name}: {each.advice()}.")
        return notes

    def next_commands(self) -> list[str]:
        """Commands that evaluate on a test set, repeat the training, and use the weights."""
        config, weights = self.folder / "config.yaml", self.folder / "finetuned.ckpt"
        test = ["-c", str(config), "-o", f"eval.ckpt_load_path={weights}", "eval.also={}",
                "eval.dataset.data_dir=TEST_IMAGES", "eval.dataset.label_file=TEST_LABELS"]  # fmt: skip
        option = "--detector" if self.task == "det" else "--recogniser"
        return [
            f"{self.commands.evaluate} {shlex.join(test)}",
            f"mindocr read PHOTOS {option} {shlex.quote(str(weights))}",
            f"mindocr train -c {shlex.quote(str(self.folder / 'finetune.yaml'))}",
        ]

    def __str__(self) -> str:
        head, *rows = self.table()
        lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
        commands = "\n".join(f"  {command}" for command in self.next_commands())
        return "\n".join([*lines, "", *self.notes(), "",
                          f"page: {self.folder / PAGE}; weights: {self.folder / 'finetuned.ckpt'}",
                          f"next, to evaluate on a test set, to read, to train again:\n{commands}"])  # fmt: skip

    def write(self) -> None:
        """Write the summary and the page."""
        write_text(self.folder / SUMMARY, json.dumps(self.as_json(), indent=2) + "\n")
        write_text(self.folder / PAGE, self.as_html())

    def as_json(self) -> dict[str, Any]:
        """All numbers."""
        fits = {}
        for name, fit in (("before", self.before), ("after", self.after)):
            if fit is not None:
                fits[name] = {
                    "settings": fit.now.arguments(), "score": _score(fit.score_now),
                    "fitted_settings": fit.fitted.arguments(), "fitted_score": _score(fit.score_fitted),
                }  # fmt: skip
        return {
            "task": self.task, "started_from": self.started_from, "training_images": self.training,
            "validation_images": self.validation, "best_epoch": self.best_epoch, "indicator": self.indicator,
            "between": None if self.between is None else {"share": self.between.share, **self.between.scores},
            "epochs": list(self.rows), "post_processing": fits, "second": list(self.second),
            "granularity": {name: each.as_json() for name, each in self.granularity.items()},
        }  # fmt: skip

    def as_html(self) -> str:
        """A page without external resources: the table, the notes, and the curves of the run."""
        head, *rows = self.table()
        cells = Markup("").join(Markup("<th>{}</th>").format(cell) for cell in head)
        body = Markup("").join(
            Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row))
            for row in rows
        )
        notes = Markup("").join(Markup("<li>{}</li>").format(note) for note in self.notes())
        commands = Markup("").join(Markup("<li><code>{}</code></li>").format(each) for each in self.next_commands())
        return Markup(
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Fine-tuning</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><style>{}</style></head><body>'
            "<h1>Fine-tuning</h1><p>From {}, {} training images.</p>"
            '<div class="scroll"><table><tr>{}</tr>{}</table></div><ul>{}</ul>{}<h2>Commands</h2><ul>{}</ul>'
            "</body></html>\n"
        ).format(STYLE, self.started_from, self.training, cells, body, notes, self._curves(), commands)

    def _curves(self) -> Markup:
        """The picture that the training has drawn, inside the page."""
        path = self.folder / "train" / CURVES_NAME
        if not path.is_file():
            return Markup("")
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        return Markup(
            '<h2>Curves</h2><figure><img alt="losses, scores and learning rate by epoch; epoch 0 is the untouched '
            'network" src="data:image/png;base64,{}"></figure>'
        ).format(data)


def _number(value: Any) -> str:
    return "" if value is None else f"{float(value):.4f}"


def _score(score: Score) -> dict[str, Any]:
    return dict(json.loads(score.as_json()))
