"""Which images thresholds are fitted on, and the check that none of them is a test image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.config import Config
from mindocr.data.datasets.mindrecord import with_files
from mindocr.data.datasets.sources import pair_up
from mindocr.errors import ConfigError, UserError
from mindocr.formats.label_file import read_lines
from mindocr.images.read import read_file
from mindocr.utils.files import hash_bytes, write_text

HELD_OUT, THE_REST = "holdout_{}.txt", "training_{}.txt"


@dataclass(frozen=True)
class Split:
    """What the user asked for.

    Attributes:
        name: ``val``: separate images; ``train-holdout``: a share of the training images; ``test`` is refused.
        data_dir, label_file: the images of ``val``, relative to ``eval.dataset.dataset_root``.
        holdout: share of the training images, in (0, 1).
        seed: of the random choice of that share.
    """

    name: str
    data_dir: str | None = None
    label_file: str | None = None
    holdout: float = 0.1
    seed: int = 0


def fitting_dataset(config: Config, split: Split, folder: Path) -> dict[str, Any]:
    """The data set to fit on, with the transform pipeline of ``eval.dataset``.

    Args:
        config: its ``eval`` section names the test images; its training images may be held out.
        split: which images the user asked for.
        folder: where ``train-holdout`` leaves its label files: what is held out, and the rest to train on.

    Raises:
        UserError: the user asked for the test images, or for a split that cannot be made.
    """
    assert config.eval is not None
    reported = with_files(config.eval.dataset)
    if split.name == "test":
        raise UserError(
            "--split test: a score on the images that the thresholds were fitted on means nothing; fit with "
            "--split val or --split train-holdout (the table also shows a fit on the test images, as 'oracle')"
        )
    if split.name == "val":
        if not (split.data_dir and split.label_file):
            raise UserError(
                "--split val: name its images with --val_data_dir and --val_label_file, or fit on a share of the "
                "training images with --split train-holdout"
            )
        return {**reported, "data_dir": split.data_dir, "label_file": split.label_file, "sample_ratio": 1.0}
    return {**reported, **_hold_out(config.train.dataset, split, folder), "sample_ratio": 1.0}


def _hold_out(training: Mapping[str, Any], split: Split, folder: Path) -> dict[str, Any]:
    """Split each label file of the training images in two, at random."""
    if not 0 < split.holdout < 1:
        raise UserError(f"--holdout: expected a share of the training images between 0 and 1, got {split.holdout}")
    if training.get("type") != "DetDataset":
        raise ConfigError(
            f"--split train-holdout: needs train.dataset.type DetDataset, whose label files can be split, got "
            f"{training.get('type')}; use --split val"
        )
    pairs = pair_up(training.get("dataset_root", ""), training["data_dir"], training["label_file"], 1.0)
    kept, files = [], []
    for number, (data_dir, label_file, _) in enumerate(pairs):
        lines = [line for _, line in read_lines(label_file)]
        count = max(1, round(len(lines) * split.holdout))
        held = set(np.random.default_rng([split.seed, number]).permutation(len(lines))[:count].tolist())
        for name, inside in ((HELD_OUT, True), (THE_REST, False)):
            part = [line for i, line in enumerate(lines) if (i in held) == inside]
            write_text(folder / name.format(number), "".join(f"{line}\n" for line in part))
        kept.append(str(data_dir.resolve()))
        files.append(str((folder / HELD_OUT.format(number)).resolve()))
    return {"dataset_root": "", "data_dir": kept, "label_file": files}


def refuse_overlap(fitted: Any, reported: Any) -> dict[str, str]:
    """Make sure that two data sets share neither a label file nor an image, compared by content.

    Args:
        fitted, reported: data sets with ``records``.

    Returns:
        SHA-256 of every image, by its path.

    Raises:
        UserError: they share a label file or an image; the message names it.
    """
    ours, theirs = _label_files(fitted.records), _label_files(reported.records)
    if shared := ours & theirs:
        raise UserError(
            f"{min(shared)}: this label file is both the one to fit on and that of eval.dataset, the test images; "
            "thresholds must be fitted on other images"
        )
    hashes = {path: hash_bytes(read_file(path)) for path in {r.img_path for r in (*fitted.records, *reported.records)}}
    known = {hashes[record.img_path]: record.img_path for record in reported.records}
    twice = [record.img_path for record in fitted.records if hashes[record.img_path] in known]
    if twice:
        other = known[hashes[twice[0]]]
        raise UserError(
            f"{len(twice)} of {len(fitted.records)} images to fit on are also test images, such as "
            f"{twice[0]}, the same image as {other}; thresholds must be fitted on other images"
        )
    return hashes


def _label_files(records: Sequence[Any]) -> set[str]:
    return {str(Path(record.where.rpartition(":")[0]).resolve()) for record in records if record.where}
