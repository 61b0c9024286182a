"""Sources of a data set: pairs of folders and label files, search for images, random shares."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mindocr.errors import ConfigError, DataError
from mindocr.formats.label_file import IGNORED
from mindocr.formats.record import Record
from mindocr.images.read import IMAGE_SUFFIXES

Paths = str | list[str]
Ratio = float | list[float]


def find_images(place: Path) -> list[Path]:
    """The image files in a folder, or those matching a pattern, sorted; or the file itself.

    Raises:
        DataError: the path does not exist, or has no image.
    """
    if place.is_file():
        return [place]
    matches = glob.iglob(str(place), recursive=True)  # noqa: PTH207  Path.glob does not accept absolute patterns
    candidates = place.iterdir() if place.is_dir() else map(Path, matches)
    files = sorted(file for file in candidates if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file())
    if files:
        return files
    if place.is_dir():
        raise DataError(f"{place}: no image in this folder; expected files ending in {', '.join(IMAGE_SUFFIXES)}")
    raise DataError(f"{place}: no such folder or file, and no image matches it as a pattern")


def pair_up(
    dataset_root: str, data_dir: Paths, label_file: Paths, sample_ratio: Ratio
) -> list[tuple[Path, Path, float]]:
    """(folder, label file, ratio) for each data set.

    Raises:
        ConfigError: the numbers of folders and label files differ.
        DataError: a folder is missing.
    """
    folders = data_dir if isinstance(data_dir, list) else [data_dir]
    files = label_file if isinstance(label_file, list) else [label_file]
    if len(folders) != len(files) or not files:
        raise ConfigError(
            f"data_dir has {len(folders)} folders and label_file {len(files)} files; expected the same number, at "
            "least one"
        )
    root = Path(dataset_root)
    for folder in folders:
        if not (root / folder).is_dir():
            raise DataError(f"{root / folder}: no such folder; check dataset_root and data_dir")
    for file in files:
        if not (root / file).is_file():
            raise DataError(
                f"{root / file}: no such label file; check dataset_root and label_file, "
                "or create it with 'mindocr convert'"
            )
    ratios = spread("sample_ratio", sample_ratio, len(files))
    return [(root / folder, root / file, ratio) for folder, file, ratio in zip(folders, files, ratios)]


def spread(key: str, ratio: Ratio, count: int) -> list[float]:
    """One ratio for each of ``count`` data sets.

    Raises:
        ConfigError: the list has another length, or a ratio is not above 0.
    """
    ratios = ratio if isinstance(ratio, list) else [ratio] * count
    if len(ratios) != count:
        raise ConfigError(f"{key} has {len(ratios)} numbers for {count} data sets; give one number, or one for each")
    if any(not 0 < value < float("inf") for value in ratios):
        raise ConfigError(f"{key} must be above 0 (1 = every image once), got {ratio}")
    return [float(value) for value in ratios]


def subsample(count: int, ratio: float, seed: Sequence[int]) -> list[int]:
    """Ascending indices of ``round(count * ratio)`` images: all ``count`` as often as possible, then a random share."""
    rounds, rest = divmod(round(count * ratio), max(count, 1))
    chosen = np.random.default_rng(seed).permutation(count)[:rest]
    return sorted([*list(range(count)) * rounds, *map(int, chosen)])


def require_images(records: Sequence[Record], folder: Path) -> None:
    """Check that every image exists, by listing each folder once.

    Raises:
        DataError: images are missing; the message names the first line, their number and the first few.
    """
    listings: dict[str, set[str]] = {}
    missing: dict[str, Record] = {}
    for record in records:
        parent, name = os.path.split(record.img_path)
        if parent not in listings:
            listings[parent] = _names_in(parent)
        if name not in listings[parent]:
            missing.setdefault(record.img_path, record)
    if missing:
        first = next(iter(missing.values()))
        images = len({record.img_path for record in records})
        few = ", ".join(os.path.relpath(path, folder) for path in list(missing)[:3])
        raise DataError(
            f"{first.where}: image {first.img_path} does not exist; {len(missing)} of the {images} "
            f"images of this label file are missing: {few}{', ...' if len(missing) > 3 else ''}; "
            "check dataset_root and data_dir, or remove these lines"
        )


def require_texts(images: int, counted: int, label_file: Paths, is_train: bool) -> None:
    """Check that there is a text to learn from or to evaluate.

    Raises:
        DataError: there is no image, or every text is ignored.
    """
    if not images:
        raise DataError(f"{label_file}: the data set is empty: no image is listed (or sample_ratio leaves none)")
    if not counted:
        purpose = "nothing to learn" if is_train else "nothing to evaluate"
        raise DataError(
            f"{label_file}: {purpose}: the {images} images have no text that counts, every text is ignored "
            f"(transcription {' or '.join(IGNORED)}); check the transcriptions"
        )


def _names_in(folder: str) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    except (OSError, ValueError):  # a name with a NUL
        return set()
