"""What the run says about one class of errors: thresholds, other settings, sizes and shapes of its texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mindocr.geometry import Polygon, min_area_quad
from mindocr.report.diagnosis import Diagnosis
from mindocr.report.judged_image import JudgedImage
from mindocr.report.setup import Setup
from mindocr.report.sweep import WRONG, Point, Sweep, state_at
from mindocr.report.trials import Trial

Place = tuple[int, int]  # position of the image, position of the text or detection in it
SHARE = 0.1  # of the errors of a class that another threshold must remove to be a remedy for the class


class Effect(NamedTuple):
    """Another threshold: the scores with it, how many of the errors are gone, and how many more texts are matched."""

    point: Point
    gone: int
    more_hits: int


@dataclass(frozen=True)
class Evidence:
    """The errors of one class.

    Attributes:
        tag: name of the class.
        cases, diagnoses: all images.
        now: recall, precision and f-score of the evaluation; the threshold is that of the evaluation.
        sweep: the evaluation at other thresholds; None without scores.
        setup: the run.
    """

    tag: str
    cases: Sequence[JudgedImage]
    diagnoses: Sequence[Diagnosis]
    now: Point
    sweep: Sweep | None
    setup: Setup

    @cached_property
    def misses(self) -> list[Place]:
        """The missed texts of the class."""
        return [(i, at) for i, each in enumerate(self.diagnoses) for at, f in each.misses.items() if f.tag == self.tag]

    @cached_property
    def alarms(self) -> list[Place]:
        """The false positives of the class."""
        return [(i, at) for i, each in enumerate(self.diagnoses) for at, f in each.alarms.items() if f.tag == self.tag]

    def reasons(self, text: str) -> int:
        """Number of errors of the class whose explanation contains ``text``."""
        findings = [self.diagnoses[i].misses[at] for i, at in self.misses]
        findings += [self.diagnoses[i].alarms[at] for i, at in self.alarms]
        return sum(text in finding.why for finding in findings)

    def lower(self) -> list[Effect]:
        """Thresholds below that of the evaluation that find missed texts of the class, highest f-score first."""
        return self._effects(self.misses, "truth", range(self.sweep.now) if self.sweep else ())

    def higher(self) -> list[Effect]:
        """Thresholds above that of the evaluation that remove false positives of the class, highest f-score first."""
        steps = range(self.sweep.now + 1, len(self.sweep.points)) if self.sweep else ()
        return self._effects(self.alarms, "found", steps)

    def _effects(self, places: Sequence[Place], side: str, steps: Iterable[int]) -> list[Effect]:
        """Those that change at least :data:`SHARE` of these errors."""
        if self.sweep is None or not places:
            return []
        runs = [getattr(self.sweep.images[i], side)[at] for i, at in places]
        hits = self.sweep.totals[self.sweep.now].hits
        effects = [
            Effect(self.sweep.points[step], sum(state_at(each, step) != WRONG for each in runs),
                   self.sweep.totals[step].hits - hits)
            for step in steps
        ]  # fmt: skip
        enough = [each for each in effects if each.gone >= SHARE * len(places)]
        return sorted(enough, key=lambda each: (-each.point.f_score, -each.gone))

    def tried(self, *keys: str) -> list[Trial]:
        """Other values of these settings that were evaluated, best f-score first."""
        return sorted((each for each in self.setup.trials if each.key in keys), key=lambda each: -each.f_score)

    def texts(self) -> list[Polygon]:
        """Polygons of the missed texts in pixels of the network's image."""
        return [_in_network(self.cases[i], self.cases[i].truth[at]) for i, at in self.misses]

    def short_sides(self) -> np.ndarray:
        """(N,) short sides of the missed texts in pixels of the network's image."""
        return np.array([min_area_quad(poly)[1][0] for poly in self.texts()])

    def peaks(self) -> np.ndarray:
        """(N,) highest probability inside each missed text, of the images with maps."""
        known = [(self.cases[i].peaks, at) for i, at in self.misses]
        return np.array([peaks[at] for peaks, at in known if peaks is not None])


def _in_network(case: JudgedImage, poly: Polygon) -> Polygon:
    return np.asarray(poly, dtype=np.float32) * np.array(case.ratio[::-1], dtype=np.float32)
