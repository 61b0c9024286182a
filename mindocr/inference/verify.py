"""Repeats the comparison of an exported file with its checkpoint, with what stands beside the file alone."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import DataError
from mindocr.inference.certificate import Certificate, ImageCheck, compare, read
from mindocr.inference.configured import configured
from mindocr.inference.predictor import Predictor
from mindocr.inference.runner import Runner, open_runner
from mindocr.models.file_kind import Kind, refusal
from mindocr.predictions.base import Prediction, decode
from mindocr.utils import files
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verified:
    """Result of verifying a file.

    Attributes:
        certificate: with the differences that were measured now.
        other_inputs: images whose prepared input is not the one of the export: decoding or resizing differ here.
        absent: names of images that were not at hand.
    """

    certificate: Certificate
    other_inputs: tuple[str, ...]
    absent: tuple[str, ...]


def verify(path: str | Path, images: str | Path | None = None) -> Verified:
    """Run an exported file on the images of its certificate and compare with what the checkpoint computed for them.

    An ONNX file needs no MindSpore.

    Args:
        path: the file; those ending in ``.json`` and ``.npz`` stand beside it.
        images: folder with the user's images of the certificate, which are not stored with it.

    Raises:
        CheckpointError: a file is missing, damaged, of another kind, or does not belong to the others.
        DataError: none of the images of the certificate is at hand.
    """
    path = Path(path)
    if error := refusal(path, "an exported file", Kind.ONNX, Kind.MINDIR, Kind.LITE, Kind.SAFETENSORS):
        raise error
    _, certificate, held = read(path)
    runner = open_runner(path)
    with tempfile.TemporaryDirectory(prefix="mindocr-verify-") as folder:
        found = _placed(certificate.images, held, Path(folder), Path(images) if images is not None else None)
        absent = tuple(each.name for each in certificate.images if each.name not in found)
        if len(absent) == len(certificate.images):
            raise DataError(
                f"none of the images that '{path}' was compared on is at hand: {', '.join(absent[:5])}; give their "
                "folder as --images"
            )
        checks = []
        for number, each in enumerate(progress(certificate.images, "verify", "image", len(certificate.images))):
            if each.name in found:
                expected = {name: held[f"{number}.{name}"] for name in each.shapes}
                checks.append(_check(runner, each, expected, found[each.name], certificate.rounded))
    others = tuple(
        now.name for now in checks for was in certificate.images
        if now.name == was.name and now.input_sha256 != was.input_sha256
    )  # fmt: skip
    return Verified(replace(certificate, images=tuple(checks), batch=None, score={}), others, absent)


def _placed(
    checks: Sequence[ImageCheck], held: Mapping[str, np.ndarray], folder: Path, images: Path | None
) -> dict[str, Path | None]:
    """Name -> the image as a file; None for noise. Images that are not at hand are left out."""
    found: dict[str, Path | None] = {}
    for number, each in enumerate(checks):
        if each.source == "noise":
            found[each.name] = None
        elif each.source == "generated":
            file = folder / f"{number}.png"
            file.write_bytes(held[f"{number}.image"].tobytes())
            found[each.name] = file
        elif images is not None and (file := images / each.name).is_file():
            if files.hash_file(file) != each.sha256:
                raise DataError(f"'{file}' is not the image that the file was compared on: its SHA-256 differs")
            found[each.name] = file
    return found


def _check(
    runner: Runner, was: ImageCheck, expected: Mapping[str, np.ndarray], file: Path | None, rounded: bool
) -> ImageCheck:
    """The comparison on one image, repeated."""
    if file is None:
        outputs = run_alone(runner, noise(was.name, was.input_shape))
        return replace(was, differences=compare(expected, outputs, was.shapes, rounded))
    postprocess, pipeline = configured(runner)
    seen = see(Predictor(runner, postprocess, pipeline), file)
    wanted = postprocess.gives.from_json(was.prediction)
    return replace(
        was,
        input_sha256=hash_of(seen.input),
        input_shape=(1, *seen.input.shape),
        differences=compare(expected, seen.outputs, was.shapes, rounded),
        results=len(seen.prediction),
        disagreement=wanted.disagreement(seen.prediction),
    )


@dataclass(frozen=True)
class Seen:
    """An image on its way through a predictor.

    Attributes:
        input: (3, H, W) float32, what the network gets.
        outputs: of the network by name, without the batch axis.
        prediction: the result.
        columns: of the sample, as lists of one, for the post-processing of other outputs.
    """

    input: np.ndarray
    outputs: dict[str, np.ndarray]
    prediction: Prediction
    columns: Mapping[str, list[Any]]


def see(predictor: Predictor, file: Path) -> Seen:
    """Prepare an image file, run the network, and compute the result."""
    image = predictor.dataset(file)[0]
    columns = {name: [image[name]] for name in predictor.postprocess.columns}
    array = np.asarray(image["image"], np.float32)
    outputs = run_alone(predictor.runner, array)
    (prediction,) = decode(predictor.postprocess, {name: [value] for name, value in outputs.items()}, columns)
    return Seen(array, outputs, prediction, columns)


def run_alone(runner: Runner, image: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of one image (3, H, W) by name, without the batch axis."""
    return {name: values[0] for name, values in runner(image[None]).items()}


def noise(name: str, shape: Sequence[int]) -> np.ndarray:
    """Random numbers in place of an image, (3, H, W) float32; they depend on the name and the shape."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    return np.random.default_rng(seed).standard_normal(tuple(shape)[-3:]).astype(np.float32)


def hash_of(array: np.ndarray) -> str:
    """SHA-256 of the values of an array."""
    return files.hash_bytes(np.ascontiguousarray(array, np.float32).tobytes())


@contextmanager
def as_files(pictures: Sequence[bytes]) -> Iterator[list[Path]]:
    """PNG files of generated images, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="mindocr-certificate-") as folder:
        paths = [Path(folder) / f"generated_{number}.png" for number, _ in enumerate(pictures, 1)]
        for path, content in zip(paths, pictures):
            path.write_bytes(content)
        yield paths
