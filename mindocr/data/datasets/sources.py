"""Sources of a data set: pairs of folders and label files, search for images, random shares."""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from mindocr.errors import ConfigError, DataError
from mindocr.formats.label_file import IGNORED
from mindocr.formats.record import Record
from mindocr.images import pdf
from mindocr.images.folder import UNREAD_SUFFIXES, is_image_name, list_images, unread_files, walk_files
from mindocr.images.pages import expand, is_pdf, page_of
from mindocr.utils.paths import expand_home

logger = logging.getLogger(__name__)

Paths = str | list[str]
Ratio = float | list[float]

_PDF = "; PDF files are read where pypdfium2 is installed (pip install pypdfium2)"
_MOST_LOOKED_AT = 100_000  # files of a folder among which missing images are searched


def find_images(place: Path, recursive: bool = False, exclude: Callable[[Path], bool] | None = None) -> list[Path]:
    """The image files in a folder, or those matching a pattern, sorted; or the file itself.

    In place of a PDF, or of a TIFF with several pages, there are its pages, such as ``file.pdf#2``.

    A warning names what a folder holds besides them, such as images in subfolders.

    Args:
        place: folder, pattern or file.
        recursive: of a folder, also the images in its subfolders.
        exclude: files of a folder or a pattern that are results of prediction, which a warning counts.

    Raises:
        DataError: the path does not exist, or has no image.
    """
    place = Path(expand_home(str(place)))
    if place.is_file():
        return expand([place])
    if page_of(place) is not None:
        return [place]
    if place.is_dir():
        hint, documents = "use --recursive (predict.dataset.recursive: True)", pdf.is_installed()
        images = list_images(place, recursive, hint, documents)
        if images.left_out:
            left_out = f"{images.left_out}{_PDF if not documents and '.pdf' in images.left_out else ''}"
            logger.warning("%s: images used: %d; left out: %s", place, len(images.files), left_out)
        return expand(_without_results(images.files, place, exclude))
    matches = sorted(map(Path, glob.iglob(str(place), recursive=True)))  # noqa: PTH207  Path.glob: no absolute patterns
    if "**" in place.parts:
        matches = _each_once(matches)
    files = [file for file in matches if (is_image_name(file.name) or is_pdf(file)) and file.is_file()]
    unread = unread_files(matches, documents=True)
    if not files:
        reason = f"; it matches {unread}" if unread else ""
        raise DataError(f"{place}: no such folder or file, and no image matches it as a pattern{reason}")
    if unread:
        logger.warning("%s: images used: %d; left out: %s", place, len(files), unread)
    return expand(_without_results(files, place, exclude))


def _without_results(files: list[Path], place: Path, exclude: Callable[[Path], bool] | None) -> list[Path]:
    if exclude is None:
        return files
    left_out = [exclude(file) for file in files]
    results = [file for file, out in zip(files, left_out) if out]
    if not results:
        return files
    if len(results) == len(files):
        raise DataError(
            f"{place}: no image: its {len(files)} image files, such as {files[0]}, are results of prediction"
        )
    logger.warning("%s: left out as results of prediction: %d files such as %s", place, len(results), results[0])
    return [file for file, out in zip(files, left_out) if not out]


def _each_once(paths: Sequence[Path]) -> list[Path]:
    """The paths without those that lead again to a file through links in a circle; the shortest path is kept."""
    shortest: dict[str, Path] = {}
    for path in sorted(paths, key=lambda each: (len(each.parts), each)):
        shortest.setdefault(os.path.realpath(path), path)
    return sorted(shortest.values())


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
    root = Path(expand_home(dataset_root))
    folders, files = [expand_home(folder) for folder in folders], [expand_home(file) for file in files]
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


def choose_share(count: int, ratio: float, seed: Sequence[int], source: Path) -> list[int]:
    """The indices that :func:`subsample` returns, at least one.

    Args:
        count: images of ``source``.
        ratio: its ``sample_ratio``.
        source: label file, or folder of images, for the message.

    Raises:
        DataError: there is no image, or the ratio leaves none.
    """
    if not count:
        raise DataError(f"{source}: the data set is empty: no image is listed; list images, or remove this data set")
    chosen = subsample(count, ratio, seed)
    if not chosen:
        one = 1 / count
        raise DataError(
            f"{source}: 0 of {count} images are used: sample_ratio {ratio:g} leaves none; set it to {one:.2g} for one "
            "image, or remove this data set"
        )
    return chosen


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
        below = _found_below(list(missing.values()), folder)
        raise DataError(
            f"{first.where}: image {first.img_path} does not exist; {len(missing)} of the {images} "
            f"images of this label file are missing: {few}{', ...' if len(missing) > 3 else ''}; "
            f"{below or 'check dataset_root and data_dir, or remove these lines'}"
        )


def _found_below(missing: Sequence[Record], folder: Path) -> str:
    """What to do about missing images whose names exist in subfolders; empty where none does."""
    names = {os.path.basename(record.img_path) for record in missing}  # noqa: PTH119  fast
    found = [file for file in islice(walk_files(folder), _MOST_LOOKED_AT) if file.name in names]
    if not found:
        return ""
    return (
        f"files of these names are in subfolders, such as {found[0].relative_to(folder)}: set data_dir to the folder "
        "of the images, or write their paths below data_dir into the label file"
    )


def require_readable(records: Sequence[Record]) -> None:
    """Check that no image is of a kind that is not read, as its name ending and its first bytes show.

    Raises:
        DataError: such an image is listed; the message names the first line and the number.
    """
    suffixes = {record.img_path: os.path.splitext(record.img_path)[1].lower() for record in records}  # noqa: PTH122
    unread = [record for record in records if suffixes[record.img_path] in UNREAD_SUFFIXES]
    if unread and not cv2.haveImageReader(unread[0].img_path):
        kinds = ", ".join(dict.fromkeys(suffixes[record.img_path] for record in unread))
        raise DataError(
            f"{unread[0].where}: image {unread[0].img_path} is of a kind that is not read; {len(unread)} of the "
            f"{len(records)} images of this label file are of such kinds ({kinds}): convert them to JPEG or PNG, and "
            "change their names in the label file"
        )


def require_texts(images: int, counted: int, label_file: Paths, is_train: bool) -> None:
    """Check that there is a text to learn from or to evaluate.

    Raises:
        DataError: there is no image, or every text is ignored.
    """
    if not images:
        raise DataError(f"{label_file}: the data set is empty: no image is listed")
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
