"""Certificate of an exported file: test images, what the checkpoint computed for them, and how far the file is from it.

It stands beside the file: ``<file>.json`` says what the file is and holds the certificate, ``<file>.npz`` the generated
images and a sample of the expected outputs, so that :mod:`mindocr.inference.verify` can repeat the comparison anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.utils import files

FORMAT = 1
KEPT = 4096  # values of each output of an image that are stored
Source = Literal["generated", "file", "noise"]


@dataclass(frozen=True)
class ImageCheck:
    """Comparison on one image.

    Attributes:
        name: of the image; of a file, its name without the folder.
        source: ``generated``, stored in the ``.npz``; ``file``, a user's image, which is not stored; ``noise``, random
            numbers in place of a prepared image, of the seed in ``name``.
        sha256: of the image file; empty for noise.
        input_shape: of the network's input.
        input_sha256: of its float32 values. Another hash elsewhere means that decoding or resizing differ there.
        shapes: of each output, without the batch axis.
        differences: of each output the largest difference, or the mean, see :func:`compare`.
        results: number of results, such as texts.
        prediction: the checkpoint's, in types of JSON; None if the file has no post-processing.
        disagreement: how the file's prediction differs; empty if the two agree.
    """

    name: str
    source: Source
    sha256: str
    input_shape: tuple[int, ...]
    input_sha256: str
    shapes: Mapping[str, tuple[int, ...]]
    differences: Mapping[str, float]
    results: int = 0
    prediction: Any = None
    disagreement: str = ""

    @property
    def difference(self) -> float:
        """The largest difference of all outputs."""
        return max(self.differences.values(), default=0.0)

    def agrees(self, tolerance: float, rounded: bool = False) -> bool:
        """Whether outputs are within the tolerance, and results agree; those of a ``rounded`` network need not."""
        return self.difference <= tolerance and (rounded or not self.disagreement)


@dataclass(frozen=True)
class Certificate:
    """Result of comparing a file with the checkpoint that it was made from.

    Attributes:
        tolerance: largest allowed difference of an output.
        images: each compared image.
        batch: largest difference between the outputs of two images in one batch and of each alone; None if not tested.
        versions: of the programs that computed it.
        score: on labelled data, of the ``checkpoint`` and the ``file``, and which ``data``; empty if not asked for.
        rounded: the network rounds its inputs to 8 bits. Numbers that differ in the last bit may then be rounded to
            different steps, and a few pixels differ widely; so differences are means, and results may differ.
    """

    tolerance: float
    images: tuple[ImageCheck, ...]
    batch: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    score: Mapping[str, Any] = field(default_factory=dict)
    rounded: bool = False

    @property
    def difference(self) -> float:
        """The largest difference of all images."""
        return max([each.difference for each in self.images] + ([] if self.batch is None else [self.batch]))

    def holds(self) -> bool:
        """Whether the file computes what the checkpoint does."""
        within = self.difference <= self.tolerance
        return within and all(each.agrees(self.tolerance, self.rounded) for each in self.images) and self.scores_agree()

    def scores_agree(self) -> bool:
        """Whether the scores, if there are any, differ by no more than 0.001, or 0.02 if the network is rounded."""
        if not self.score:
            return True
        allowed = 0.02 if self.rounded else 0.001
        pairs = [(self.score["checkpoint"][key], value) for key, value in self.score["file"].items()]
        return all(abs(a - b) <= allowed for a, b in pairs if isinstance(a, float | int))

    def to_json(self) -> dict[str, Any]:
        """In types of JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Certificate:
        """The inverse of :meth:`to_json`.

        Raises:
            KeyError, TypeError: it is not one.
        """
        images = tuple(ImageCheck(**{**each, "input_shape": tuple(each["input_shape"])}) for each in value["images"])
        return cls(**{**value, "images": images})


def beside(path: Path) -> tuple[Path, Path, Path]:
    """The JSON file, the arrays and the page that belong to an exported file."""
    json_file, arrays, page = (path.with_name(f"{path.name}.{ending}") for ending in ("json", "npz", "html"))
    return json_file, arrays, page


def read(path: Path) -> tuple[Mapping[str, Any], Certificate, Mapping[str, np.ndarray]]:
    """What stands beside an exported file: its description, its certificate, and arrays.

    Raises:
        CheckpointError: a file is missing or damaged, or belongs to another model file.
    """
    described, stored, _ = beside(path)
    for each in (path, described, stored):
        if not each.is_file():
            raise CheckpointError(
                f"'{each}': no such file; verifying needs the exported file and, beside it, the files ending in .json "
                "and .npz that 'mindocr export' wrote with it"
            )
    try:
        about = json.loads(described.read_text(encoding="utf-8"))
        if about["format"] > FORMAT:
            raise CheckpointError(f"'{described}' was written by a newer version of mindocr; install that version")
        certificate = Certificate.from_json(about["certificate"])
        with np.load(stored, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays.files}
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"'{described}' or '{stored}' is damaged ({error}); export the model again") from None
    if about["file"]["sha256"] != files.hash_file(path):
        raise CheckpointError(
            f"'{path}' is not the file that '{described.name}' describes: its SHA-256 differs; copy all files of an "
            "export together, or export again"
        )
    return about, certificate, held


def compare(
    expected: Mapping[str, np.ndarray],
    found: Mapping[str, np.ndarray],
    shapes: Mapping[str, Sequence[int]] | None = None,
    mean: bool = False,
) -> dict[str, float]:
    """The largest difference of each output, or the mean; of values above 1 in relation to them.

    Args:
        expected: the checkpoint's outputs, or samples of them if ``shapes`` are given.
        found: the file's.
        shapes: of the outputs that ``expected`` are samples of.
        mean: compute the mean difference instead.

    Returns:
        Infinity for an output of another shape, or with a value that is not a number.
    """
    differences = {}
    for name, wanted in expected.items():
        array = found.get(name)
        shape = tuple(wanted.shape if shapes is None else shapes[name])
        if array is None or array.shape != shape:
            differences[name] = float("inf")
            continue
        got = array if shapes is None else sample(array)
        relative = np.abs(got.astype(np.float64) - wanted) / np.maximum(1.0, np.abs(wanted))
        measured = float(relative.mean() if mean else relative.max()) if relative.size else 0.0
        differences[name] = measured if np.isfinite(measured) else float("inf")
    return differences


def sample(array: np.ndarray) -> np.ndarray:
    """At most ``KEPT`` values of an output, evenly spaced: (M,) float32."""
    flat = array.reshape(-1)
    if flat.size <= KEPT:
        return flat.astype(np.float32)
    return flat[np.linspace(0, flat.size - 1, KEPT).astype(np.int64)].astype(np.float32)


def table(certificate: Certificate) -> str:
    """The comparison as lines of text: image, input, difference, results."""
    rows = [("image", "input", "mean difference" if certificate.rounded else "largest difference", "results")]
    for each in certificate.images:
        results = each.disagreement or ("" if each.prediction is None else f"{each.results} equal")
        rows.append((each.name, " x ".join(map(str, each.input_shape)), f"{each.difference:.2g}", results))
    if certificate.batch is not None:
        rows.append(("two in one batch", "", f"{certificate.batch:.2g}", ""))
    if certificate.score:
        for who in ("checkpoint", "file"):
            numbers = ", ".join(f"{k} {v:.4f}" for k, v in certificate.score[who].items() if isinstance(v, float))
            rows.append((f"score of the {who}", certificate.score["data"], "", numbers))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip() for row in rows]
    return "\n".join([*lines, f"allowed: {certificate.tolerance:g}"])
