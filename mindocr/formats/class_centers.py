"""Mean features of each class of a recogniser, as a file that holds the dictionary they belong to.

The file is an ``.npz`` with ``centers`` (C, F) float32, ``counts`` (C,) int64 and ``dictionary``, the SHA-256 of the
classes. It is read without pickle, so a file from elsewhere cannot run code.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindocr.errors import DataError
from mindocr.utils import files

SUFFIX = ".npz"


@dataclass(frozen=True)
class ClassCenters:
    """Centers of the classes, class 0 = the blank.

    Attributes:
        centers: (C, F) float32; the rows of classes without a sample are 0.
        counts: (C,) int64, time steps of which a row is the mean; 0 = the class has no center.
        dictionary: hash of the classes, see :func:`hash_of`.
    """

    centers: np.ndarray
    counts: np.ndarray
    dictionary: str


def hash_of(classes: Sequence[str]) -> str:
    """SHA-256 of the classes without the blank, each followed by a line break.

    Args:
        classes: what each class adds to a text, '' for the blank, as :class:`~mindocr.formats.dictionary.TextClasses`
            holds them.
    """
    return files.hash_bytes("".join(f"{each}\n" for each in classes[1:]).encode())


def write_centers(path: Path, found: ClassCenters) -> None:
    """Write the file, which a reader finds complete or not at all.

    Raises:
        OSError: it cannot be written.
    """
    with files.replacing(path, suffix=SUFFIX, old="report") as partial:
        np.savez_compressed(partial, centers=found.centers, counts=found.counts, dictionary=np.array(found.dictionary))


def read_centers(path: str | Path) -> ClassCenters:
    """Read a file that ``mindocr export-centers`` wrote.

    Raises:
        DataError: no such file, or another content.
    """
    path = Path(path).expanduser()
    advice = "write it with 'mindocr export-centers'"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            centers, counts, dictionary = (arrays[name] for name in ("centers", "counts", "dictionary"))
    except OSError as error:
        raise DataError(f"{path}: no class centers ({error.strerror or error}); {advice}") from None
    except (KeyError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: holds no class centers ({error}); {advice}") from None
    if centers.ndim != 2 or counts.shape != centers.shape[:1] or not np.isfinite(centers).all() or counts.min() < 0:
        raise DataError(
            f"{path}: expected centers (C, F), all finite, and counts (C,) of at least 0, got {centers.shape} and "
            f"{counts.shape}; {advice}"
        )
    return ClassCenters(centers.astype(np.float32), counts.astype(np.int64), str(dictionary))
