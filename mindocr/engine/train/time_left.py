"""How long the rest of a run takes, from what it has taken so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from mindocr.engine.train.observers import StepEvent
from mindocr.engine.train.plan import RunPlan
from mindocr.engine.train.progress import Progress
from mindocr.utils.progress import duration


class TimeLeft:
    """Estimates the time to the end of the run.

    Everything is measured in this process, so a resumed run is measured from where it continues. The first step, which
    compiles the network, does not count, and neither does the first of several evaluations, for the same reason.

    Args:
        plan: when the run evaluates and ends.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self._steps, self._seconds = 0, 0.0
        self._last: tuple[Progress, float] | None = None  # the step before, and when it ended
        # Time between the last step of an epoch and the start of the next: with an evaluation, and without.
        self._between: dict[bool, list[float]] = {True: [], False: []}

    def add(self, event: StepEvent, now: float | None = None) -> None:
        """Count one step, which has just ended; ``now`` is a time of ``time.perf_counter``."""
        now = time.perf_counter() if now is None else now
        if self._last is not None:
            before, ended = self._last
            self._steps += 1
            self._seconds += event.seconds
            if before.epoch != event.at.epoch:
                between = now - ended - event.seconds
                self._between[self.plan.evaluates(before)].append(max(between, 0.0))
        self._last = event.at, now

    def seconds(self, at: Progress) -> tuple[float | None, bool]:
        """Seconds to the end of the run, None before the second step; and whether that includes all evaluations."""
        if not self._steps:
            return None, False
        steps, evaluated, others = self.plan.to_go(at)
        evaluation, other = _typical(self._between[True]), _typical(self._between[False])
        total = steps * self._seconds / self._steps + evaluated * (evaluation or 0.0) + others * (other or 0.0)
        limit = self.plan.seconds_left(time.perf_counter())
        if limit is not None and limit < total:
            return limit + (evaluation or 0.0), evaluation is not None
        return total, evaluation is not None or not evaluated

    def text(self, at: Progress, now: datetime | None = None) -> str:
        """The last field of a log line, such as ``8 h 12 min left (ends 2026-11-29 19:05)``."""
        seconds, complete = self.seconds(at)
        if seconds is None:
            return "time left not known yet"
        end = (now or datetime.now()) + timedelta(seconds=seconds)
        missing = "" if complete else "; evaluations not included"
        return f"{duration(seconds)} left (ends {end:%Y-%m-%d %H:%M}{missing})"


def _typical(measured: Sequence[float]) -> float | None:
    later = measured[1:] or measured
    return sum(later) / len(later) if later else None
