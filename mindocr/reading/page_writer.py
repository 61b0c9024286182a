"""Results files of reading, written image by image, so that a run that is killed leaves what it has read."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np

from mindocr.errors import ConfigError, UserError
from mindocr.formats.label_file import format_label_line, quoted, to_json
from mindocr.formats.result_files import LineFile
from mindocr.inference.output_names import OutputNames
from mindocr.inference.picture_writer import CropWriter
from mindocr.predictions.detection import Detection
from mindocr.reading.journal import FILE, Journal
from mindocr.reading.page import Page
from mindocr.utils import files
from mindocr.utils.folders import prepare_output

logger = logging.getLogger(__name__)

Format = Literal["jsonl", "labels", "mindocr", "ppocrlabel", "text"]
FORMATS: tuple[str, ...] = get_args(Format)
NAMES = {
    "jsonl": "read_results.jsonl", "labels": "read_results.txt", "mindocr": "system_results.txt",
    "ppocrlabel": "Label.txt",
}  # fmt: skip
PICTURE, TEXT = "_read.png", "_read.txt"


class PageWriter:
    """Writes the text of each page to a results file, and a picture that shows its polygons.

    Polygons are those of the page's level.

    Args:
        folder: created if it does not exist; results of an earlier run there are replaced, unless ``resume`` is set.
        form: ``jsonl``: ``read_results.jsonl``, see :meth:`Page.to_json`. ``labels``: ``read_results.txt``, a label
            file with the texts, for training and ``mindocr score``. ``mindocr``: ``system_results.txt`` as MindOCR's
            ``predict_system.py`` writes it, with the name of the file alone and whole pixels. ``ppocrlabel``:
            ``Label.txt`` for PPOCRLabel, with the name of the image folder before each image. ``text``: a file
            ``<image>_read.txt`` for each image.
        draw: write the pictures.
        resume: continue an earlier run with the same settings, see :class:`~mindocr.reading.journal.Journal`.
        settings: what the results depend on, by name.
        crops: folder for a crop of each text, ``<image>_crop_<i>.jpg``; None = no crops.
        roots: folders of images, for ``ppocrlabel``; an image in none of them belongs to its own folder.

    Attributes:
        done: images that the earlier run has finished.

    Raises:
        ConfigError: the format does not exist.
        UserError: the folder cannot be written, or the earlier run there cannot be resumed.
    """

    def __init__(
        self,
        folder: Path,
        form: Format = "jsonl",
        draw: bool = True,
        *,
        resume: bool = False,
        settings: Mapping[str, Any] | None = None,
        crops: Path | None = None,
        roots: Sequence[Path] = (),
    ) -> None:
        if form not in FORMATS:
            raise ConfigError(f"--result_format: expected {', '.join(FORMATS)}, got {form!r}")
        self.folder = prepare_output(folder, key="--output")
        self._form, self._draw, self._roots = form, draw, roots
        self._crops = None if crops is None else CropWriter(prepare_output(crops, key="--crop_res_save_dir"), Detection)
        self._names = OutputNames()
        self._journal = Journal(self.folder, {**(settings or {}), "result_format": form}, resume)
        self.done = self._journal.done
        for path in self.done:
            self._names.name_of(path)  # the names of the earlier run, in its order
        self._lines = self._open()

    @property
    def file(self) -> Path | None:
        """The results file; None where each image has its own."""
        return self.folder / NAMES[self._form] if self._form in NAMES else None

    def add(self, page: Page, path: str, image: np.ndarray) -> None:
        """Write the results of an image.

        Args:
            page: its text.
            path: its file.
            image: (H, W, 3) uint8 RGB.
        """
        name = self._names.name_of(path)
        if self._lines is not None:
            self._lines.add(self._line(page, path))
        else:
            files.write_text(self.folder / f"{name}{TEXT}", f"{page.text}\n" if page.text else "")
        if self._draw:
            done, encoded = cv2.imencode(".png", cv2.cvtColor(page.draw(image), cv2.COLOR_RGB2BGR))
            if not done:
                raise UserError(f"the picture of '{path}' cannot be encoded (shape {image.shape})")
            files.write_bytes(self.folder / f"{name}{PICTURE}", encoded.tobytes())
        if self._crops is not None:
            self._crops.add(path, image, Detection([part.polygon for part in page.parts]), name)
        self._journal.add(path, self._lines.size if self._lines is not None else 0)

    def close(self) -> None:
        """Close the files."""
        for file in (self._lines, self._journal):
            if file is not None:
                file.close()

    def _open(self) -> LineFile | None:
        file, keep = self.file, self._journal.size
        if file is None:
            return None
        found = file.stat().st_size if file.exists() else 0
        if found < keep:
            raise UserError(
                f"--resume: {file} has {found} bytes, but the run that {FILE} describes wrote {keep}; choose another "
                "folder, or read without --resume"
            )
        if found and not self.done:
            logger.warning("%s: the results of an earlier run are replaced", file)
        return LineFile(file, keep)

    def _line(self, page: Page, path: str) -> str:
        if self._form == "jsonl":
            return to_json(page.to_json())
        texts = [{"transcription": entry["transcription"], "points": entry["points"]} for entry in page.entries()]
        if self._form == "labels":
            return format_label_line(path, texts, quote=True)
        if self._form == "ppocrlabel":
            return f"{quoted(self._below_folder(path))}\t{to_json([{**text, 'difficult': False} for text in texts])}"
        whole = [{**text, "points": np.rint(text["points"]).astype(int).tolist()} for text in texts]
        return f"{quoted(Path(path).name)}\t{to_json(whole)}"

    def _below_folder(self, path: str) -> str:
        file = Path(path)
        root = next((root for root in self._roots if file.is_relative_to(root)), file.parent)
        return f"{root.resolve().name}/{file.relative_to(root).as_posix()}"
