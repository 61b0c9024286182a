"""Collects the cases of the report, during an evaluation or from results in files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mindocr.errors import ConfigError, DataError
from mindocr.formats.benchmarks import ImagePair
from mindocr.formats.datasets.images import index_images, look_at
from mindocr.geometry import Polygon, fill_polygon
from mindocr.metrics.det_metric import DetMetric
from mindocr.metrics.matching import ImageResult
from mindocr.predictions.base import decode_one
from mindocr.predictions.detection import Detection, text_map
from mindocr.registry import POSTPROCESSES, REPORTS
from mindocr.report.judged_image import JudgedImage
from mindocr.report.page import write_page
from mindocr.report.setup import Setup
from mindocr.report.trials import Trials
from mindocr.utils.html import picture_uri

MAP_SIDE, MAP_QUALITY = 480, 60  # longest side in pixels and JPEG quality of the maps on the page
MORE_MAPS = {"thresh": "threshold"}  # of heads that compute one


@REPORTS.register
class DetectionReport:
    """Records each evaluated image, and writes the page on missed texts and false positives.

    Maps are reduced to small pictures at once, so memory stays bounded.

    Args:
        postprocess: the ``postprocess`` section. The report also uses it without a limit on the score, so that it can
            show regions below the limit, and with other values of single settings; provided.
        metric: evaluates the detections; provided.
        setup: the command and the configuration of the evaluation, for the remedies on the page; provided.

    Attributes:
        columns: columns of the samples that the page needs besides those of post-processing and metric, where the data
            set has them.
        training_outputs: whether the page also needs the outputs that the network has in training, such as ``thresh``.
        cases: one for each image, in order.

    Raises:
        ConfigError: the metric does not report which polygons match.
    """

    columns: tuple[str, ...] = ()
    training_outputs = True

    def __init__(
        self, postprocess: Mapping[str, Any] | None = None, metric: Any = None, setup: Setup | None = None
    ) -> None:
        if not isinstance(metric, DetMetric):
            raise ConfigError(
                f"--report: needs metric.name DetMetric, which reports the matches; got {type(metric).__name__}"
            )
        self._metric = metric
        self._setup = setup or Setup()
        built = POSTPROCESSES.build(postprocess) if postprocess else None
        self._threshold: float | None = getattr(built, "box_thresh", None)
        self._built = built
        has_limit = postprocess and self._threshold is not None
        self._loose = POSTPROCESSES.build({**postprocess, "box_thresh": 0.0}) if postprocess and has_limit else None
        self._trials = Trials(postprocess, built, metric.protocol) if postprocess and has_limit else None
        self.cases: list[JudgedImage] = []

    def add(
        self,
        image: str,
        outputs: Mapping[str, np.ndarray],
        found: Detection,
        columns: Mapping[str, Any],
        result: ImageResult,
    ) -> None:
        """Add an image.

        Args:
            image: its file.
            outputs: of the network by name; the post-processing makes the probability map of them. ``thresh``
                (1, H, W) in [0, 1], if there is one, is shown as well.
            found: the detections that were evaluated.
            columns: ``shape_list`` (4,), source height, source width, ratio_h, ratio_w, with network pixel = source
                pixel * ratio; ``polys``, ground-truth polygons (K_i, 2) in pixels of the source image; ``ignore_tags``,
                (N,) bool, True = do not care.
            result: the result of the protocol.
        """
        shape, truth = np.asarray(columns["shape_list"], dtype=np.float64), columns["polys"]
        height, width, ratio_h, ratio_w = shape
        ignore = np.asarray(columns["ignore_tags"], dtype=bool)
        loose = decode_one(self._loose, outputs, columns) if self._loose else None
        if self._trials:
            self._trials.add(outputs, columns, truth, ignore)
        end = round(height * ratio_h), round(width * ratio_w)  # without the padding
        prob = text_map(self._built, outputs) if self._built else outputs["prob"][0]
        maps = {
            "probability": prob,
            **{shown: outputs[name][0] for name, shown in MORE_MAPS.items() if name in outputs},
        }
        inside = {name: np.nan_to_num(map_[: end[0], : end[1]]) for name, map_ in maps.items()}
        grey = {name: np.rint(np.clip(map_, 0, 1) * 255).astype(np.uint8) for name, map_ in inside.items()}
        self.cases.append(
            JudgedImage(
                image,
                (int(height), int(width)),
                truth,
                ignore,
                found.polys,
                result,
                scores=found.scores,
                candidates=loose.polys if loose else (),
                candidate_scores=loose.scores if loose else (),
                ratio=(float(ratio_h), float(ratio_w)),
                peaks=[_peak(prob, np.asarray(poly) * (ratio_w, ratio_h)) for poly in truth],
                picture=Path(image),
                maps={name: picture_uri(map_, MAP_SIDE, MAP_QUALITY) for name, map_ in grey.items()},
            )
        )

    def write(self, folder: Path, facts: Mapping[str, Any], limit: int | None = None) -> Path:
        """Write the page; see :func:`mindocr.report.page.write_page`."""
        sizes = {tuple(round(side * scale) for side, scale in zip(case.size, case.ratio)) for case in self.cases}
        shown = [f"{h} x {w}" for h, w in sorted(sizes)]
        size = {"network's image": ", ".join(shown[:4]) + (" and others" if len(shown) > 4 else "")}
        trials = self._trials.results() if self._trials else ()
        setup = replace(self._setup, threshold=self._threshold, trials=trials)
        return write_page(folder, self.cases, self._metric, {**facts, **size}, limit, setup)


def _peak(prob: np.ndarray, poly: Polygon) -> float:
    """Highest value of a map (H, W) inside a polygon in the same pixels; 0 if the polygon is outside the map."""
    low = np.clip(np.floor(poly.min(axis=0)), 0, None).astype(int)
    high = np.ceil(poly.max(axis=0)).astype(int) + 1
    window = prob[low[1] : max(high[1], 0), low[0] : max(high[0], 0)]
    mask = np.zeros(window.shape, dtype=np.uint8)
    if not mask.size:
        return 0.0
    fill_polygon(mask, poly - low, 1)
    return float(np.nanmax(window, where=mask > 0, initial=0.0))


def judged_images_of(
    pairs: Sequence[ImagePair], results: Sequence[ImageResult], image_dir: Path | None = None
) -> list[JudgedImage]:
    """Judged images from results in files; without maps, and without images unless ``image_dir`` has them.

    Args:
        pairs: ground-truth and detected polygons of each image, with scores if the files have them.
        results: the results of the protocol, in the same order.
        image_dir: folder of the images; they are found by name, with any suffix.

    Raises:
        DataError: none of the images is in the folder.
    """
    files = index_images(image_dir) if image_dir else {}
    cases = [
        JudgedImage(
            image, _extent(pair), truth.polys, np.asarray(truth.ignore, bool), found.polys, result, found.scores
        )
        for pair, result in zip(pairs, results)
        for image, truth, found in [pair]
    ]
    if not image_dir:
        return cases
    pictured = [_with_picture(case, files.get(PurePosixPath(case.image).name)) for case in cases]
    if cases and not any(case.picture for case in pictured):
        raise DataError(
            f"{image_dir}: none of the {len(cases)} images is in this folder, such as '{cases[0].image}'; it holds "
            f"files such as '{next(iter(files.values())).name}'; name the folder of the images that were scored"
        )
    return pictured


def _with_picture(case: JudgedImage, file: Path | None) -> JudgedImage:
    if file is None:
        return case
    file, (width, height), problem = look_at(file)
    return case if problem else replace(case, picture=file, size=(height, width))


def _extent(pair: ImagePair) -> tuple[int, int]:
    """(h, w) that contain every polygon of an image whose size is not known, in pixels."""
    outlines = [np.reshape(poly, (-1, 2)) for poly in [*pair.truth.polys, *pair.found.polys]]
    width, height = np.ceil(np.concatenate([np.ones((1, 2)), *outlines]).max(axis=0)).astype(int).tolist()
    return height, width
