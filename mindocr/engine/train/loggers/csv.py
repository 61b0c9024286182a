"""``performance.csv``: a line for each epoch."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindocr.engine.train.observers import EpochEvent, Observer, StartEvent
from mindocr.engine.train.save_policy import SavePolicy
from mindocr.errors import DataError
from mindocr.registry import LOGGERS
from mindocr.utils import files

CSV_NAME = "performance.csv"


@LOGGERS.register(name="csv")
class CsvLogger(Observer):
    """Writes performance.csv, a line for each epoch: losses, learning rate, speed, scores.

    A resumed run keeps the lines of the epochs before the one where it continues. The table counts as part of what a
    run saves: ``train.on_save_error`` decides what happens when it cannot be written.

    Args:
        folder: of the run.
        saving: decides whether the run continues when the table cannot be written.
    """

    writes = CSV_NAME

    def __init__(self, folder: Path, saving: SavePolicy) -> None:
        self.folder, self.saving = folder, saving
        self._rows: list[dict[str, Any]] = []

    def on_start(self, event: StartEvent) -> None:
        """Read the lines of the run that is resumed."""
        self._rows = read_rows(self.folder) if event.resumed else []

    def on_epoch(self, event: EpochEvent) -> None:
        """Rewrite the table with the line of this epoch, which may have new columns."""
        self._rows = with_epoch(self._rows, event.row)
        with self.saving.attempt(CSV_NAME):
            self._write()

    def _write(self) -> None:
        columns = list(dict.fromkeys(key for row in self._rows for key in row))
        with (
            files.replacing(self.folder / CSV_NAME) as partial,
            partial.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self._rows)


def with_epoch(rows: list[dict[str, Any]], row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of the earlier epochs, then ``row``: an epoch that is repeated after a kill has one line."""
    return [r for r in rows if r["epoch"] < row["epoch"]] + [dict(row)]


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The table in ``folder``, numbers as numbers and empty cells as None; no rows where there is no table.

    Raises:
        DataError: the file is not the table of a run.
    """
    path = folder / CSV_NAME
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{key: _number(text) for key, text in row.items()} for row in csv.DictReader(file)]
        if not all(isinstance(row["epoch"], int) for row in rows):
            raise ValueError("an epoch is not a number")
    except (ValueError, KeyError, AttributeError, csv.Error) as error:
        raise DataError(
            f"{path}: not a table of epochs ({type(error).__name__}: {error}); repair it, or move it away so that the "
            "resumed run begins a new one"
        ) from None
    return rows


def _number(text: str) -> int | float | None:
    if not text:
        return None
    return int(text) if text.lstrip("-").isdigit() else float(text)
