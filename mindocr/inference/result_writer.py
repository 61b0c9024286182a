"""The results files of a prediction, written image by image, so that a run that is killed leaves what it has found."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast, get_args

from mindocr.errors import ConfigError
from mindocr.formats.detection_results import icdar_lines, json_line, mindocr_line
from mindocr.formats.result_files import JsonArrayFile, LineFile
from mindocr.inference.output_names import OutputNames
from mindocr.predictions.base import Prediction
from mindocr.predictions.detection import Detection
from mindocr.utils import files
from mindocr.utils.printable import printable

logger = logging.getLogger(__name__)

Format = Literal["labels", "mindocr", "jsonl", "icdar"]
FORMATS: tuple[str, ...] = get_args(Format)


class ResultWriter:
    """Writes ``results.json``, a text file or a folder of the chosen format, and the list of images left out.

    The names begin with the prefix of the prediction type, such as ``det_results.json``. Files of an earlier run are
    replaced with the first result.

    Args:
        folder: an existing folder.
        gives: type of the predictions.
        form: ``labels``: ``results.txt`` with lines of a label file. ``mindocr``: ``results.txt`` with lines as MindOCR
            writes them. ``jsonl``: ``results.jsonl``. ``icdar``: folder ``icdar`` with ``res_<image>.txt`` files.

    Raises:
        ConfigError: the format needs text polygons, or does not exist.
    """

    def __init__(self, folder: Path, gives: type[Prediction], form: Format = "labels") -> None:
        if form not in FORMATS:
            raise ConfigError(f"--result_format: expected {', '.join(FORMATS)}, got {form!r}")
        if form != "labels" and not issubclass(gives, Detection):
            raise ConfigError(f"--result_format {form}: needs text polygons, but this model returns {gives.kind}")
        self.folder = folder
        self._gives, self._form = gives, form
        self._flat = OutputNames()
        self._json: JsonArrayFile | None = None
        self._lines: LineFile | None = None
        self._skipped: LineFile | None = None
        self._waiting: list[str] = []

    @property
    def names(self) -> tuple[str, str]:
        """Names of the file of the chosen format and of the JSON file."""
        text = {"jsonl": "results.jsonl", "icdar": "icdar"}.get(self._form, "results.txt")
        return f"{self._gives.prefix}{text}", f"{self._gives.prefix}results.json"

    @property
    def skipped_file(self) -> Path:
        """The list of images left out; it exists if there are any."""
        return self.folder / f"{self._gives.prefix}skipped.txt"

    def add(self, path: str, found: Prediction, size: tuple[int, int]) -> None:
        """Write the result of an image.

        Args:
            path: the image.
            found: its prediction.
            size: (h, w) of the image in pixels.

        Raises:
            OSError: a file cannot be written.
        """
        if self._json is None:
            self._json = self._begin()
            for reason in self._waiting:
                self.skip(reason)
        self._json.add({"image": path, self._gives.entries_key: found.entries()})
        if self._form == "icdar":
            lines = icdar_lines(path, cast(Detection, found).polys, size)
            target = self.folder / self.names[0] / f"res_{self._flat.name_of(path)}.txt"
            files.write_text(target, "".join(f"{line}\n" for line in lines))
        elif self._lines is not None:
            self._lines.add(self._line(path, found, size))

    def skip(self, reason: str) -> None:
        """Write the path of an image that was left out, and why; before the first result, with the first result.

        Raises:
            OSError: the file cannot be written.
        """
        if self._json is None:
            self._waiting.append(reason)
            return
        self._skipped = self._skipped or LineFile(self.skipped_file)
        self._skipped.add(printable(reason))

    def close(self) -> None:
        """Close the files."""
        for file in (self._json, self._lines, self._skipped):
            if file is not None:
                file.close()

    def _line(self, path: str, found: Prediction, size: tuple[int, int]) -> str:
        if self._form == "labels":
            return found.result_line(path)
        detection = cast(Detection, found)
        if self._form == "mindocr":
            return mindocr_line(path, detection.polys, size)
        return json_line(path, detection.polys, detection.scores, size)

    def _begin(self) -> JsonArrayFile:
        """Remove the files of an earlier run and create those of this one."""
        earlier = list(self._earlier())
        if earlier:
            logger.info("%s: the results of an earlier run are replaced (%s)", self.folder,
                        ", ".join(path.name for path in earlier))  # fmt: skip
        for path in earlier:
            for file in path.glob("res_*.txt") if path.is_dir() else [path]:
                file.unlink()
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        text, json_name = (self.folder / name for name in self.names)
        if self._form == "icdar":
            text.mkdir(exist_ok=True)
        else:
            self._lines = LineFile(text)
        return JsonArrayFile(json_name)

    def _earlier(self) -> Iterator[Path]:
        prefix = self._gives.prefix
        for name in ("results.txt", "results.jsonl", "results.json", "icdar", "skipped.txt"):
            path = self.folder / f"{prefix}{name}"
            if path.exists() or path.is_symlink():
                yield path
