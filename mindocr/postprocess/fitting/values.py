"""Finds the values of a few arguments of any detector's post-processing with the highest f-score, by trying all.

A post-processing names them in ``fit_values``: argument -> values to try. Its outputs are kept in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from mindocr.errors import ConfigError
from mindocr.geometry import Polygon, compare_many
from mindocr.metrics.matching import Image, MatchingProtocol, f_score
from mindocr.postprocess.fitting.search import SAME
from mindocr.predictions.base import decode_one
from mindocr.registry import POSTPROCESSES, suggest


class OutputsImage(NamedTuple):
    """One image: the outputs and the columns that the post-processing reads, ground-truth polygons, ignore flags."""

    outputs: Mapping[str, np.ndarray]
    columns: Mapping[str, Any]
    truth: Sequence[Polygon]
    ignore: np.ndarray


@dataclass(frozen=True)
class ValueSetting:
    """One combination of values, by argument."""

    values: tuple[tuple[str, Any], ...]

    def arguments(self) -> dict[str, Any]:
        """Arguments of the post-processing, as YAML writes them."""
        return dict(self.values)


def value_settings(postprocess: Any, words: Sequence[str] = ()) -> list[ValueSetting]:
    """All combinations of the values to try, the current one first.

    Args:
        postprocess: its ``fit_values`` are tried, and the values that it has now.
        words: ``KEY=VALUES`` with other values of one argument, such as ``box_thresh=0.7,0.8``.

    Raises:
        ConfigError: a word has another form or another key.
    """
    tried = {**postprocess.fit_values, **dict(_parse(word, postprocess.fit_values) for word in words)}
    now = {key: getattr(postprocess, key) for key in tried}
    choices = [list(dict.fromkeys([now[key], *values])) for key, values in tried.items()]
    return [ValueSetting(tuple(zip(tried, each))) for each in product(*choices)]


@dataclass(frozen=True)
class CountOutputs:
    """Computes the counts of one image under every setting; an object, so that it can be sent to other processes.

    Args:
        section: the ``postprocess`` section.
        settings: laid over it one by one.
        protocol: decides what matches.
    """

    section: Mapping[str, Any]
    settings: Sequence[ValueSetting]
    protocol: MatchingProtocol

    def __call__(self, case: OutputsImage) -> np.ndarray:
        """(settings, counts of the protocol) float64."""
        found = [decode_one(with_setting(self.section, each), case.outputs, case.columns) for each in self.settings]
        images = [Image(case.truth, case.ignore, each.polys) for each in found]
        overlaps = compare_many([(image.truth, image.found) for image in images], self.protocol.repair)
        results = [self.protocol.judge(image, overlap) for image, overlap in zip(images, overlaps)]
        return np.array([[result.counts[name] for name in self.protocol.count_names] for result in results])


def with_setting(section: Mapping[str, Any], setting: ValueSetting) -> Any:
    """The post-processing of a section with a setting."""
    return POSTPROCESSES.build({**section, **setting.arguments()})


def best_values(
    counts: Sequence[np.ndarray], settings: Sequence[ValueSetting], protocol: MatchingProtocol
) -> ValueSetting:
    """The setting with the highest f-score over all images; among equal ones, the one nearest to the first setting."""
    total = np.sum(counts, axis=0).round(6)  # credits are multiples of 0.2: independent of the order of images
    scores = f_score(*protocol.score(dict(zip(protocol.count_names, total.T))))
    best = [settings[i] for i in np.flatnonzero(scores >= scores.max() - SAME)]
    return min(best, key=lambda each: sum(a != b for a, b in zip(each.values, settings[0].values)))


def _parse(word: str, known: Mapping[str, Sequence[Any]]) -> tuple[str, tuple[Any, ...]]:
    key, equals, text = word.partition("=")
    if key in known and equals:
        try:
            return key, tuple(type(known[key][0])(part) for part in text.split(","))
        except ValueError:
            pass
    raise ConfigError(
        f"--grid: expected KEY=VALUES such as box_thresh=0.7,0.8, got '{word}'{suggest(key, known)}; keys: "
        f"{', '.join(known)}"
    )
