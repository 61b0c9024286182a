"""Results files of reading, written image by image, so that a run that is killed leaves what it has read."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np

from mindocr.errors import ConfigError, UserError
from mindocr.formats.label_file import format_label_line, quoted, to_json
from mindocr.formats.result_files import LineFile
from mindocr.inference.output_names import OutputNames
from mindocr.reading.page import Page
from mindocr.utils import files
from mindocr.utils.folders import prepare_output

logger = logging.getLogger(__name__)

Format = Literal["jsonl", "labels", "mindocr"]
FORMATS: tuple[str, ...] = get_args(Format)
NAMES = {"jsonl": "read_results.jsonl", "labels": "read_results.txt", "mindocr": "system_results.txt"}
PICTURE = "_read.png"


class PageWriter:
    """Writes a line for each page to a results file, and a picture that shows its lines.

    Args:
        folder: created if it does not exist; a results file of an earlier run there is replaced.
        form: ``jsonl``: ``read_results.jsonl``, see :meth:`Page.to_json`. ``labels``: ``read_results.txt``, a label
            file with the texts, which PPOCRLabel and training take. ``mindocr``: ``system_results.txt`` as MindOCR's
            ``predict_system.py`` writes it, with the name of the file alone and whole pixels.
        draw: write the pictures.

    Raises:
        ConfigError: the format does not exist.
        UserError: the folder cannot be written.
    """

    def __init__(self, folder: Path, form: Format = "jsonl", draw: bool = True) -> None:
        if form not in FORMATS:
            raise ConfigError(f"--result_format: expected {', '.join(FORMATS)}, got {form!r}")
        self.folder = prepare_output(folder, key="--output")
        self._form, self._draw = form, draw
        self._names = OutputNames()
        if self.file.exists():
            logger.warning("%s: the results of an earlier run are replaced", self.file)
        self._lines = LineFile(self.file)

    @property
    def file(self) -> Path:
        """The results file."""
        return self.folder / NAMES[self._form]

    def add(self, page: Page, path: str, image: np.ndarray) -> None:
        """Write the results of an image.

        Args:
            page: its text.
            path: its file.
            image: (H, W, 3) uint8 RGB.
        """
        self._lines.add(_line(page, path, self._form))
        if self._draw:
            done, encoded = cv2.imencode(".png", cv2.cvtColor(page.draw(image), cv2.COLOR_RGB2BGR))
            if not done:
                raise UserError(f"the picture of '{path}' cannot be encoded (shape {image.shape})")
            files.write_bytes(self.folder / f"{self._names.name_of(path)}{PICTURE}", encoded.tobytes())

    def close(self) -> None:
        """Close the results file."""
        self._lines.close()


def _line(page: Page, path: str, form: Format) -> str:
    if form == "jsonl":
        return to_json(page.to_json())
    texts = [{"transcription": line["transcription"], "points": line["points"]} for line in page.to_json()["lines"]]
    if form == "labels":
        return format_label_line(path, texts, quote=True)
    whole = [{**text, "points": np.rint(text["points"]).astype(int).tolist()} for text in texts]
    return f"{quoted(Path(path).name)}\t{to_json(whole)}"
