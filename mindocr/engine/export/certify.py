"""Makes the certificate of an exported file: the checkpoint and the file, in its own runtime, see the same images."""

from __future__ import annotations

import importlib.metadata
import logging
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mindocr.errors import DataError
from mindocr.images.crops import cut_line
from mindocr.inference import labelled
from mindocr.inference.certificate import Certificate, ImageCheck, compare, sample
from mindocr.inference.configured import configured
from mindocr.inference.predictor import Predictor
from mindocr.inference.runner import Runner
from mindocr.inference.verify import as_files, hash_of, noise, run_alone, see
from mindocr.predictions.base import decode
from mindocr.predictions.classification import Classification
from mindocr.predictions.text import Text
from mindocr.synthetic.fonts import find_fonts
from mindocr.synthetic.options import SceneOptions
from mindocr.synthetic.scene import IGNORED, make_scene
from mindocr.utils import files
from mindocr.utils.progress import progress

logger = logging.getLogger(__name__)

SCENES = ((192, 256), (288, 224), (256, 384))  # (h, w) of generated images
LINES = 4  # generated text lines, of different widths
MOST = 20  # images of a user that are compared
_PROGRAMS = ("mindocr", "mindspore", "onnxruntime", "numpy", "opencv-python-headless")


def certify(
    network: Runner,
    file: Runner,
    tolerance: float,
    shapes: Sequence[tuple[int, int]],
    images: str | Path | None = None,
    data: labelled.LabelledImages | None = None,
    metric: Any = None,
    rounded: bool = False,
) -> tuple[Certificate, dict[str, np.ndarray]]:
    """Compare a file with the network that it was made from.

    Args:
        network: runs the checkpoint's network.
        file: runs the file; its metadata say how images are prepared and results computed. Without them, only outputs
            for random numbers are compared.
        tolerance: largest allowed difference of an output.
        shapes: (h, w) of the random numbers.
        images: folder, file or pattern of images to compare on, instead of generated ones.
        data: labelled images, on which the scores of both are compared, too.
        metric: that computes the scores.
        rounded: whether the network rounds its inputs, see :class:`~mindocr.inference.certificate.Certificate`.

    Returns:
        The certificate, and the arrays to store with it: expected outputs, and generated images.

    Raises:
        DataError: there are no images, or they cannot be used.
    """
    checks: list[ImageCheck] = []
    arrays: dict[str, np.ndarray] = {}
    batch = None
    if "pipeline" not in file.metadata or "postprocess" not in file.metadata:
        if images is not None or data is not None:
            raise DataError(
                "--verify_images, --verify_data: this model states no preprocessing and no post-processing, so it can "
                "only be compared on random numbers; export from a YAML file that has both"
            )
        for number, shape in enumerate(shapes, 1):
            checks.append(_on_noise(network, file, f"noise {number}", shape, arrays, len(checks), rounded))
        return Certificate(tolerance, tuple(checks), None, versions(), rounded=rounded), arrays
    postprocess, pipeline = configured(file)
    predictor = Predictor(file, postprocess, pipeline)
    pictures = [] if images is not None else _fitting(predictor, generated(postprocess.gives))
    with as_files(pictures) as paths:
        chosen = paths if images is None else _some(predictor, images)
        for path in progress(chosen, "compare", "image", len(chosen)):
            number = len(checks)
            check, outputs = _on_image(network, predictor, path, "generated" if pictures else "file", rounded)
            checks.append(check)
            arrays.update({f"{number}.{name}": sample(value) for name, value in outputs.items()})
            if pictures:
                arrays[f"{number}.image"] = np.frombuffer(pictures[number], np.uint8)
        if -1 in file.input_size and getattr(file, "path", Path()).suffix == ".onnx":
            batch = _in_one_batch(file, predictor, chosen[0], rounded)
    if checks and not any(each.results for each in checks):
        logger.warning(
            "the checkpoint finds nothing on the %d images that were compared, so only the network's outputs are; "
            "compare on images of its kind with --verify_images", len(checks),
        )  # fmt: skip
    score = labelled.scores(predictor, network, data, metric) if data is not None else {}
    return Certificate(tolerance, tuple(checks), batch, versions(), score, rounded), arrays


def _on_image(
    network: Runner, predictor: Predictor, path: Path, source: Any, rounded: bool
) -> tuple[ImageCheck, dict[str, np.ndarray]]:
    seen = see(predictor, path)
    expected = run_alone(network, seen.input)
    (wanted,) = decode(predictor.postprocess, {name: [value] for name, value in expected.items()}, seen.columns)
    check = ImageCheck(
        name=path.name,
        source=source,
        sha256=files.hash_file(path),
        input_shape=(1, *seen.input.shape),
        input_sha256=hash_of(seen.input),
        shapes={name: value.shape for name, value in expected.items()},
        differences=compare(expected, seen.outputs, mean=rounded),
        results=len(wanted),
        prediction=wanted.to_json(),
        disagreement=wanted.disagreement(seen.prediction),
    )
    return check, expected


def _on_noise(
    network: Runner,
    file: Runner,
    name: str,
    shape: tuple[int, int],
    arrays: dict[str, np.ndarray],
    number: int,
    rounded: bool,
) -> ImageCheck:
    image = noise(name, (3, *shape))
    expected, found = run_alone(network, image), run_alone(file, image)
    arrays.update({f"{number}.{output}": sample(value) for output, value in expected.items()})
    shapes = {output: value.shape for output, value in expected.items()}
    differences = compare(expected, found, mean=rounded)
    return ImageCheck(name, "noise", "", (1, *image.shape), hash_of(image), shapes, differences)


def _in_one_batch(file: Any, predictor: Predictor, path: Path, rounded: bool) -> float:
    """The difference between outputs of an image and its mirror image in one batch, and of each alone."""
    import onnxruntime

    image = see(predictor, path).input
    pair = [image, np.ascontiguousarray(image[..., ::-1])]
    session = onnxruntime.InferenceSession(str(file.path), providers=["CPUExecutionProvider"])
    together = session.run(None, {session.get_inputs()[0].name: np.stack(pair)})
    largest = 0.0
    for i, each in enumerate(pair):
        found = {name: output[i] for name, output in zip(file.output_names, together)}
        largest = max(largest, *compare(run_alone(file, each), found, mean=rounded).values())
    return largest


def generated(kind: type) -> list[bytes]:
    """Images of the kind of which results are computed, as PNG: scenes with text, or single lines of text."""
    scenes = [make_scene(SceneOptions(image_size=size), find_fonts(), (), (0, 0, i)) for i, size in enumerate(SCENES)]
    if not issubclass(kind, Text | Classification):
        return [_png(scene.image) for scene in scenes]
    words = [(scene, word) for scene in scenes for word in scene.words if word.text != IGNORED]
    lines = [cut_line(scene.image, word.points.astype(np.float32)) for scene, word in words]
    lines.sort(key=lambda line: line.shape[1] / line.shape[0])
    chosen = [lines[i] for i in np.linspace(0, len(lines) - 1, min(LINES, len(lines))).astype(int)]
    # Long lines are wider than the least width of recognisers, and the last one is upside down, for classifiers.
    chosen[-1] = np.ascontiguousarray(np.rot90(chosen[-1], 2))
    chosen.append(np.ascontiguousarray(np.concatenate([_of_height(each, 32) for each in chosen * 2], axis=1)))
    return [_png(line) for line in chosen]


def _fitting(predictor: Predictor, pictures: list[bytes]) -> list[bytes]:
    """The images in the only size that the file takes, if its pipeline does not resize them."""
    size = predictor.runner.input_size
    with as_files(pictures[:1]) as paths:
        prepared = predictor.dataset(paths[0])[0]["image"]
    if -1 in size or prepared.shape[1:] == size:
        return pictures
    decoded = [cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR) for each in pictures]
    return [cv2.imencode(".png", cv2.resize(each, size[::-1]))[1].tobytes() for each in decoded]


def _of_height(line: np.ndarray, height: int) -> np.ndarray:
    width = max(round(line.shape[1] * height / line.shape[0]), 1)
    return cv2.resize(line, (width, height), interpolation=cv2.INTER_AREA)


def _png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()


def _some(predictor: Predictor, images: str | Path) -> list[Path]:
    """At most ``MOST`` images, evenly spaced over all of them."""
    found = [Path(record.img_path) for record in predictor.dataset(images).records]
    if len(found) > MOST:
        logger.info("--verify_images: %d of %d images are compared", MOST, len(found))
        found = [found[i] for i in np.linspace(0, len(found) - 1, MOST).astype(int)]
    names = [path.name for path in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"--verify_images: several images are named {twice[0]}; choose a folder in which names differ")
    return found


def versions() -> dict[str, str]:
    """Versions of the programs that take part, and the machine."""
    found: dict[str, str] = {"machine": platform.machine(), "python": platform.python_version()}
    for name in _PROGRAMS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe(path: Path, name: str, form: str, about: Mapping[str, Any], certificate: Certificate) -> dict[str, Any]:
    """What stands in the JSON file beside an exported file.

    Args:
        path: the file, under any name.
        name: its final name.
        form: its format.
        about: its metadata.
        certificate: of it.
    """
    return {
        "format": 1,
        "file": {"name": name, "format": form, "bytes": path.stat().st_size, "sha256": files.hash_file(path)},
        "about": dict(about),
        "certificate": certificate.to_json(),
    }
