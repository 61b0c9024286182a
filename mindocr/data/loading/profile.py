"""Where the time of an input pipeline goes, op by op, and what to change so that a device does not wait for it."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
from tqdm import tqdm

from mindocr.data.datasets.base import ImageDataset

OTHER = "reading labels, the rest"
_WORTH_NAMING = 0.1  # share of the time from which on an op is worth a word
_WAITS = 0.05  # share of the time from which on a run is said to wait for data


@dataclass(frozen=True)
class Profile:
    """Milliseconds of one processor core for an image, in all and by op, the slowest op first."""

    images: int
    ms: float
    ms_of: dict[str, float]

    @property
    def images_per_s(self) -> float:
        """What one core makes."""
        return 1000.0 / max(self.ms, 1e-9)


@dataclass(frozen=True)
class Need:
    """What a training run took: images a second while it did not wait, and the share of the time that it waited."""

    images_per_s: float
    wait_share: float


def profile(dataset: ImageDataset, images: int = 200) -> Profile:
    """Make samples in this process with one OpenCV thread and add up the time of each op; with a progress bar.

    Images are taken evenly from the whole data set, twice where there are not enough. A cache is filled first.

    Raises:
        DataError: an image cannot be read.
    """
    count = max(1, images)
    indices = [i * len(dataset) // count for i in range(count)]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for index in sorted(set(indices)):  # so that neither the disk nor a cache is measured cold
            dataset.get(index)
        seconds: dict[str, float] = {}
        dataset.pipeline.seconds, dataset.pipeline.clock = seconds, time.process_time
        begin = time.process_time()
        for index in tqdm(indices, desc="profile the input pipeline", unit="image", leave=False):
            dataset.get(index, epoch=1)
        total = time.process_time() - begin
    finally:
        dataset.pipeline.seconds = None
        cv2.setNumThreads(threads)
    seconds[OTHER] = max(total - sum(seconds.values()), 0.0)
    ms_of = {name: 1000 * s / count for name, s in sorted(seconds.items(), key=lambda item: -item[1])}
    return Profile(count, 1000 * total / count, ms_of)


def read_need(table: Path) -> Need | None:
    """What the last epoch in a run's ``performance.csv`` needed; None where there is no such file or number."""
    try:
        with table.open(encoding="utf-8", newline="") as file:
            row = list(csv.DictReader(file))[-1]
        speed, wait = float(row["images_per_s"]), float(row["wait_share"])
    except (OSError, LookupError, ValueError):
        return None
    return Need(speed / max(1.0 - wait, 0.01), wait)


def as_table(found: Profile) -> str:
    """One line an op: milliseconds an image, share; then the sum."""
    width = max(map(len, (*found.ms_of, "one image")))
    lines = [f"{'op':<{width}}  ms/image  share"]
    lines += [f"{name:<{width}}  {ms:8.2f}  {ms / max(found.ms, 1e-9):5.0%}" for name, ms in found.ms_of.items()]
    lines.append(f"{'one image':<{width}}  {found.ms:8.2f}   {found.images_per_s:.0f} images/s on one core")
    return "\n".join(lines)


def advice(found: Profile, *, workers: int, cores: int, cache: str, need: Need | None) -> list[str]:
    """What to change, the most useful first; one sentence each.

    Args:
        workers: processes that make batches.
        cores: processor cores that this process may use.
        cache: the data set's: ``none``, ``ram`` or ``disk``.
        need: of an earlier run with this configuration, if there was one.
    """
    supply = found.images_per_s * max(1, min(workers, cores))
    told = [f"{workers} workers on {cores} cores make about {supply:.0f} images/s"]
    if need is None:
        told.append("no earlier run in train.ckpt_save_dir tells how many images/s training takes; 'wait' on the "
                    "progress bar will")  # fmt: skip
    elif need.wait_share < _WAITS:
        return [*told, f"the last run waited {need.wait_share:.0%} of the time for data: nothing needs changing"]
    else:
        wanted = math.ceil(need.images_per_s / found.images_per_s) + 1
        told.append(f"the last run waited {need.wait_share:.0%} of the time for data; without waiting it takes about "
                    f"{need.images_per_s:.0f} images/s")  # fmt: skip
        if workers < min(wanted, cores):
            told.append(f"set train.loader.num_workers={min(wanted, cores)}")
        if wanted > cores:
            told.append(f"that would take {wanted} cores: make each image cheaper, or use a machine with more cores")
    return told + _cheaper(found, cache)


def _cheaper(found: Profile, cache: str) -> list[str]:
    share = {name: ms / max(found.ms, 1e-9) for name, ms in found.ms_of.items()}
    told = []
    if cache == "none" and share.get("DecodeImage", 0.0) >= _WORTH_NAMING:
        saved = found.ms_of["DecodeImage"]
        told.append(f"train.dataset.cache=ram (or disk) would save up to {saved:.1f} ms of decoding an image")
    if share.get("NormalizeImage", 0.0) >= _WORTH_NAMING:
        told.append("let the device normalise: train.normalize_on_device=True, NormalizeImage and ToCHWImage being the "
                    "last ops")  # fmt: skip
    slowest = next(iter(found.ms_of), OTHER)
    if slowest not in ("DecodeImage", "NormalizeImage", OTHER) and share[slowest] > 0.4:
        told.append(f"{slowest} takes {share[slowest]:.0%}: fewer or smaller outputs of it help most")
    return told
