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
from mindocr.images.pages import DPI
from mindocr.inference.output_names import OutputNames
from mindocr.inference.picture_writer import CropWriter
from mindocr.predictions.detection import Detection
from mindocr.reading.document_writer import DocumentWriter
from mindocr.reading.journal import FILE, Journal
from mindocr.reading.page import Page
from mindocr.utils import files
from mindocr.utils.folders import prepare_output
from mindocr.utils.visualize import fit_picture

logger = logging.getLogger(__name__)

Format = Literal["jsonl", "labels", "mindocr", "ppocrlabel", "text", "pdf"]
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
            ``<image>_read.txt`` for each image. ``pdf``: a file ``<image>_read.pdf`` for each image or document, which
            shows the image and holds its text under it, to be searched and copied.
        draw: write the pictures.
        resume: continue an earlier run with the same settings, see :class:`~mindocr.reading.journal.Journal`.
        settings: what the results depend on, by name.
        crops: folder for a crop of each text, ``<image>_crop_<i>.jpg``; None = no crops.
        dpi: pixels per inch of the images, for the size of the pages of ``pdf``.
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
        dpi: float = DPI,
    ) -> None:
        if form not in FORMATS:
            raise ConfigError(f"--result_format: expected {', '.join(FORMATS)}, got {form!r}")
        if form == "pdf" and resume:
            raise ConfigError("--resume: a PDF is written as a whole; choose another --result_format, or start again")
        self.folder = prepare_output(folder, key="--output")
        self._pdf = DocumentWriter(self.folder, dpi) if form == "pdf" else None
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

    @property
    def kind(self) -> str:
        """Kind of the file that each image has, where there is no file of all."""
        return "PDF" if self._pdf is not None else "text"

    def add(self, page: Page, path: str, image: np.ndarray) -> None:
        """Write the results of an image.

        Args:
            page: its text.
            path: its file.
            image: (H, W, 3) uint8 RGB.
        """
        name = self._names.name_of(path)
        if self._pdf is not None:
            self._pdf.add(page, path, image)
        elif self._lines is not None:
            self._lines.add(self._line(page, path))
        else:
            files.write_text(self.folder / f"{name}{TEXT}", f"{page.text}\n" if page.text else "")
        if self._draw:
            shown, factor = fit_picture(image)
            if factor < 1:
                logger.info("%s: its picture is drawn at %.2f of its size", path, factor)
            done, encoded = cv2.imencode(".png", cv2.cvtColor(page.draw(shown), cv2.COLOR_RGB2BGR))
            if not done:
                raise UserError(f"the picture of '{path}' cannot be encoded (shape {image.shape})")
            files.write_bytes(self.folder / f"{name}{PICTURE}", encoded.tobytes())
        if self._crops is not None:
            self._crops.add(path, image, Detection([part.polygon for part in page.parts]), name)
        self._journal.add(path, self._lines.size if self._lines is not None else 0)

    def close(self) -> None:
        """Close the files."""
        for file in (self._lines, self._pdf, self._journal):
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
