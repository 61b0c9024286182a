"""Profile of an input pipeline: time of each op, and changes that avoid waiting of the device."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import cv2

from mindocr.data.datasets.base import ImageDataset
from mindocr.utils.progress import progress

OTHER = "reading labels, other"
_WORTH_NAMING = 0.1  # smallest share of the time for advice about an op
_WAITS = 0.05  # smallest share of the time for the statement that a run waits for data


@dataclass(frozen=True)
class Profile:
    """Milliseconds of one CPU core per image, in total and by op, the slowest op first."""

    images: int
    ms: float
    ms_of: dict[str, float]

    @property
    def images_per_s(self) -> float:
        """Images per second on one core."""
        return 1000.0 / max(self.ms, 1e-9)


@dataclass(frozen=True)
class Need:
    """Needs of a training run: images per second while it did not wait, and its share of waiting time."""

    images_per_s: float
    wait_share: float


def profile(dataset: ImageDataset, images: int = 200) -> Profile:
    """Make samples in this process with one OpenCV thread and sum the time of each op; shows a progress bar.

    Images are chosen evenly from the data set, repeatedly if there are too few. A cache is filled first.

    Raises:
        DataError: an image cannot be read.
    """
    count = max(1, images)
    indices = [i * len(dataset) // count for i in range(count)]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for index in sorted(set(indices)):  # so that neither disk nor cache is cold in the measurement
            dataset.get(index)
        seconds: dict[str, float] = {}
        dataset.pipeline.seconds, dataset.pipeline.clock = seconds, time.process_time
        begin = time.process_time()
        for index in progress(indices, "profile the input pipeline", "image"):
            dataset.get(index, epoch=1)
        total = time.process_time() - begin
    finally:
        dataset.pipeline.seconds = None
        cv2.setNumThreads(threads)
    seconds[OTHER] = max(total - sum(seconds.values()), 0.0)
    ms_of = {name: 1000 * s / count for name, s in sorted(seconds.items(), key=lambda item: -item[1])}
    return Profile(count, 1000 * total / count, ms_of)


def read_need(table: Path) -> Need | None:
    """Needs of the last epoch in a run's ``performance.csv``; None if there is no such file or number."""
    try:
        with table.open(encoding="utf-8", newline="") as file:
            row = list(csv.DictReader(file))[-1]
        speed, wait = float(row["images_per_s"]), float(row["wait_share"])
    except (OSError, LookupError, ValueError):
        return None
    return Need(speed / max(1.0 - wait, 0.01), wait)


def as_table(found: Profile) -> str:
    """One line per op: milliseconds per image, share; then the sum."""
    width = max(map(len, (*found.ms_of, "one image")))
    lines = [f"{'op':<{width}}  ms/image  share"]
    lines += [f"{name:<{width}}  {ms:8.2f}  {ms / max(found.ms, 1e-9):5.0%}" for name, ms in found.ms_of.items()]
    lines.append(f"{'one image':<{width}}  {found.ms:8.2f}   {found.images_per_s:.0f} images/s on one core")
    return "\n".join(lines)


def advice(found: Profile, *, workers: int, cores: int, cache: str, need: Need | None) -> list[str]:
    """Recommended changes, the most useful first; one sentence each.

    Args:
        workers: number of worker processes.
        cores: CPU cores that this process may use.
        cache: cache of the data set: ``none``, ``ram`` or ``disk``.
        need: needs of an earlier run with this configuration, or None.
    """
    supply = found.images_per_s * max(1, min(workers, cores))
    lines = [f"{workers} workers on {cores} cores make about {supply:.0f} images/s"]
    if need is None:
        lines.append("no earlier run in train.ckpt_save_dir shows how many images/s training needs; 'wait' in the "
                    "progress bar and 'waiting' in the log will show it")  # fmt: skip
    elif need.wait_share < _WAITS:
        return [*lines, f"the last run waited {need.wait_share:.0%} of the time for data: no change is needed"]
    else:
        wanted = math.ceil(need.images_per_s / found.images_per_s) + 1
        lines.append(f"the last run waited {need.wait_share:.0%} of the time for data; without waiting it needs about "
                    f"{need.images_per_s:.0f} images/s")  # fmt: skip
        if workers < min(wanted, cores):
            lines.append(f"set train.loader.num_workers={min(wanted, cores)}")
        if wanted > cores:
            lines.append(f"that would take {wanted} cores: reduce the work per image, or use a machine with more cores")
    return lines + _cheaper(found, cache)


def _cheaper(found: Profile, cache: str) -> list[str]:
    share = {name: ms / max(found.ms, 1e-9) for name, ms in found.ms_of.items()}
    lines = []
    if cache == "none" and share.get("DecodeImage", 0.0) >= _WORTH_NAMING:
        saved = found.ms_of["DecodeImage"]
        lines.append(f"train.dataset.cache=ram (or disk) would save up to {saved:.1f} ms of decoding per image")
    if share.get("NormalizeImage", 0.0) >= _WORTH_NAMING:
        lines.append("normalize on the device: train.normalize_on_device=True, with NormalizeImage and ToCHWImage as "
                    "the last ops")  # fmt: skip
    slowest = next(iter(found.ms_of), OTHER)
    if slowest not in ("DecodeImage", "NormalizeImage", OTHER) and share[slowest] > 0.4:
        lines.append(f"{slowest} takes {share[slowest]:.0%}: fewer or smaller outputs of this op help most")
    return lines
