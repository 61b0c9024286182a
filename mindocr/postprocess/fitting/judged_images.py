"""Stores probability maps and their ground truth in files, so that the network computes each map only once."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from mindocr.errors import DataError
from mindocr.postprocess.fitting.search import JudgedImage


def save_judged_image(path: Path, case: JudgedImage) -> None:
    """Write a case as ``.npz``; the map as float16, with a relative error of at most 1/2000."""
    counts = np.array([len(poly) for poly in case.truth], dtype=np.int64)
    points = np.concatenate([*case.truth, np.zeros((0, 2))]).astype(np.float32)
    np.savez_compressed(
        path,
        prob=case.prob.astype(np.float16),
        shape=np.asarray(case.shape, dtype=np.float64),
        points=points,
        counts=counts,
        ignore=np.asarray(case.ignore, dtype=bool),
    )


def load_judged_image(path: str | Path) -> JudgedImage:
    """Read what :func:`save_judged_image` wrote.

    Raises:
        DataError: the file is damaged.
    """
    try:
        with np.load(path) as held:
            truth = np.split(held["points"], np.cumsum(held["counts"])[:-1]) if len(held["counts"]) else []
            return JudgedImage(held["prob"].astype(np.float32), held["shape"], truth, held["ignore"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: not a complete file of a probability map ({error}); remove its folder and run again"
        ) from None
