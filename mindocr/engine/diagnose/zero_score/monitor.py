"""Tells why a training or an evaluation finds nothing: when it is worth telling, in words, and with one picture."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from mindspore import nn

from mindocr.config import Config
from mindocr.data.transforms.load import DecodeImage
from mindocr.engine.diagnose.zero_score.causes import Cause, find_causes
from mindocr.engine.diagnose.zero_score.health_statistics import EvaluationSigns, RunSigns, TrainingSigns, WeightSigns
from mindocr.engine.train.observers import EpochEvent, Observer, StartEvent, StepEvent
from mindocr.engine.train.progress import Progress
from mindocr.errors import DataError
from mindocr.utils import visualize

logger = logging.getLogger(__name__)

LOW = 0.01  # a score below it is as good as 0
PATIENCE = 3  # evaluations that may find nothing before causes are told that training may mend
PICTURE = "why_zero.png"
_SHOWN = 480  # pixels, height of the pictures


class ZeroWatch(Observer):
    """Watches a training run.

    Args:
        config: of the run.
        network: what is trained.
        folder: where the picture goes; None on a rank that neither writes nor tells.
        schedule: learning rate of each update.
    """

    def __init__(self, config: Config, network: nn.Cell, folder: Path | None, schedule: Sequence[float]) -> None:
        self.network, self.folder, self.schedule = network, folder, schedule
        self.from_scratch = not (config.model.pretrained or config.model.backbone.get("pretrained"))
        self.training = TrainingSigns()
        self._first = next((p for p in network.trainable_params() if p.ndim > 1), None)
        self._start = np.zeros(1)
        self._misses = 0
        self._told: tuple[str, ...] = ()

    def on_start(self, event: StartEvent) -> None:
        """Keep the first weights, to see later whether they move."""
        self._start = self._first_weights()

    def on_step(self, event: StepEvent) -> None:
        """Look at the labels of the batch."""
        self.training.add(event.batch)

    def on_epoch(self, event: EpochEvent) -> None:
        """Judge the score, where there is one."""
        if event.score is not None:
            self.judge(event.at, event.score, event.signs, last=event.last)

    def judge(self, at: Progress, score: float, seen: EvaluationSigns, *, last: bool = False) -> list[Cause]:
        """After an evaluation: tell the causes of a ``score`` near 0, in full only when they have changed.

        Args:
            last: the run ends here, so that there is nothing to wait for.

        Returns:
            The causes that were told.
        """
        if score >= LOW:
            self._misses, self._told = 0, ()
            return []
        self._misses += 1
        if self.folder is None:
            return []
        causes = find_causes(seen, look_at_weights(self.network), self.training, self._run(at))
        if not (last or self._misses >= PATIENCE or any(cause.certain for cause in causes)):
            return []
        names = tuple(cause.name for cause in causes)
        if names == self._told:
            logger.warning("epoch %d: still nothing found, for the same reasons: %s", at.epoch, ", ".join(names))
            return causes
        self._told = names
        tell(causes, seen, self.folder, f"epoch {at.epoch}: the score is {score:.4f}")
        return causes

    def _run(self, at: Progress) -> RunSigns:
        rates = np.asarray(self.schedule[: max(at.updates, 1)], dtype=np.float64)
        before = self._start
        size = max(float(np.linalg.norm(before)), 1e-12)
        moved = float(np.linalg.norm(self._first_weights() - before)) / size
        return RunSigns(at.updates, at.dropped, float(rates.max(initial=0.0)), moved, self.from_scratch)

    def _first_weights(self) -> np.ndarray:
        return np.zeros(1) if self._first is None else self._first.asnumpy().astype(np.float64)


def explain(network: nn.Cell, seen: EvaluationSigns, score: float, folder: Path) -> list[Cause]:
    """After an evaluation of a checkpoint: tell the causes of a ``score`` near 0, and return them."""
    if score >= LOW:
        return []
    causes = find_causes(seen, look_at_weights(network))
    tell(causes, seen, folder, f"the score is {score:.4f}")
    return causes


def look_at_weights(network: nn.Cell) -> WeightSigns:
    """What can be told from the values of the weights alone."""
    bad = [p.name for p in network.get_parameters() if not np.isfinite(p.asnumpy()).all()]
    norms = [cell for _, cell in network.cells_and_names() if hasattr(cell, "moving_mean")]
    fresh = [c for c in norms if not c.moving_mean.asnumpy().any() and (c.moving_variance.asnumpy() == 1).all()]
    return WeightSigns(bad, len(norms), len(fresh))


def tell(causes: Sequence[Cause], seen: EvaluationSigns, folder: Path, intro: str) -> None:
    """Log the causes as one block, and draw an example into ``folder``."""
    lines = [f"{intro}; why nothing is found:"]
    lines += [f"  - {cause.name}: {cause.numbers}. To do: {cause.remedy}" for cause in causes]
    if not causes:
        lines.append("  - none of the known causes holds; look at the picture, and at tools/eval.py --report")
    picture = draw(seen, folder / PICTURE)
    if picture is not None:
        lines.append(f"  picture: {picture}")
    logger.warning("%s", "\n".join(lines))


def draw(seen: EvaluationSigns, path: Path) -> Path | None:
    """Ground truth, probability map and detections of the example, side by side; None where it cannot be written."""
    if seen.example is None:
        return None
    image, prob = seen.example
    height, width, ratio_h, ratio_w = image.shape
    photo = _photo(image.path, (round(height), round(width)))
    counted = [text for text, no in zip(image.truth, image.ignore) if not no]
    ignored = [text for text, no in zip(image.truth, image.ignore) if no]
    truth = visualize.draw_polygons(photo, ignored, color=visualize.YELLOW)
    truth = visualize.draw_polygons(truth, counted, color=visualize.GREEN)
    heat = visualize.overlay_map(photo, prob[: round(height * ratio_h), : round(width * ratio_w)])
    found = visualize.draw_polygons(photo, image.found.polys, image.found.scores, visualize.RED)
    titles = [
        f"{len(counted)} texts, {len(ignored)} ignored",
        f"probability, highest {image.highest:.3g}",
        f"{len(image.found)} detections",
    ]
    sheet = visualize.side_by_side([truth, heat, found], titles, _SHOWN)
    return path if cv2.imwrite(str(path), sheet[..., ::-1]) else None


def _photo(path: str, size: tuple[int, int]) -> np.ndarray:
    try:
        return DecodeImage(img_mode="RGB")({"img_path": path})["image"]
    except DataError:
        return np.full((*size, 3), 128, np.uint8)
