"""Reports why the scores of a training run are near 0: when to report."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from mindspore import nn

from mindocr.config import Config
from mindocr.engine.diagnose.zero_score.causes import Cause
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.health_statistics import RunStatistics
from mindocr.engine.diagnose.zero_score.report_causes import LOW, look_at_weights, report
from mindocr.engine.runtime.build import starts_from_weights
from mindocr.engine.train.observers import EpochEvent, Observer, StartEvent, StepEvent
from mindocr.engine.train.progress import Progress

logger = logging.getLogger(__name__)

PATIENCE = 3  # scores near 0 before causes that more training may remove are reported


class ZeroWatch(Observer):
    """Watches a training run.

    Args:
        config: of the run.
        network: what is trained.
        health: statistics of training batches and evaluated images.
        folder: where the picture goes; None on a rank that neither writes nor reports.
        schedule: learning rate of each update.
    """

    def __init__(
        self, config: Config, network: nn.Cell, health: HealthCheck, folder: Path | None, schedule: np.ndarray
    ) -> None:
        self.network, self.health, self.folder, self.schedule = network, health, folder, schedule
        self.from_scratch = not starts_from_weights(config.model)
        self._first = next((p for p in network.trainable_params() if p.ndim > 1), None)
        self._start, self._earlier_updates = np.zeros(1), 0
        self._misses = 0
        self._reported: tuple[str, ...] = ()

    def on_start(self, event: StartEvent) -> None:
        """Keep the first weights, to see later whether they move."""
        self._start, self._earlier_updates = self._first_weights(), event.at.updates

    def on_step(self, event: StepEvent) -> None:
        """Look at the labels of the batch."""
        self.health.add_batch(event.batch)

    def on_epoch(self, event: EpochEvent) -> None:
        """Judge the score, where there is one."""
        if event.score is not None:
            self.judge(event.at, event.score, last=event.last)

    def judge(self, at: Progress, score: float, *, last: bool = False) -> list[Cause]:
        """Report the causes of a ``score`` near 0 after an evaluation, in full only when they have changed.

        Args:
            last: the run ends here, so no later evaluation can report them.

        Returns:
            The causes that were reported.
        """
        if score >= LOW:
            self._misses, self._reported = 0, ()
            return []
        self._misses += 1
        if self.folder is None:
            return []
        causes = self.health.find_causes(look_at_weights(self.network), self._run(at))
        if not (last or self._misses >= PATIENCE or any(cause.certain for cause in causes)):
            return []
        names = tuple(cause.name for cause in causes)
        if names == self._reported:
            logger.warning("epoch %d: the score is still near 0 (%.4f), for the same reasons: %s", at.epoch, score,
                           ", ".join(names))  # fmt: skip
            return causes
        self._reported = names
        report(causes, self.health, self.folder, f"epoch {at.epoch}: the score is {score:.4f}")
        return causes

    def _run(self, at: Progress) -> RunStatistics:
        rates = np.asarray(self.schedule[: max(at.updates, 1)], dtype=np.float64)
        before = self._start
        size = max(float(np.linalg.norm(before)), 1e-12)
        moved = float(np.linalg.norm(self._first_weights() - before)) / size
        return RunStatistics(at.updates, at.dropped, float(rates.max(initial=0.0)), moved, self.from_scratch,
                             self._earlier_updates)  # fmt: skip

    def _first_weights(self) -> np.ndarray:
        return np.zeros(1) if self._first is None else self._first.asnumpy().astype(np.float64)
