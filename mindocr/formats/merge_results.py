"""Results of several detectors on the same images: read together, and written after they are merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mindocr.errors import DataError
from mindocr.formats.benchmarks import Outlines, pair_images, read_outlines
from mindocr.formats.label_file import format_label_line, to_json
from mindocr.geometry import Polygon

NO_SCORES = "'mindocr predict --result_format labels' or 'jsonl' writes them"


def read_results(paths: Sequence[Path], file_format: str = "icdar2015") -> list[dict[str, Outlines]]:
    """Results of several detectors, each as image name -> polygons with scores, with the names of the first file.

    Args:
        paths: at least two files, folders or zip archives, in the forms that ``mindocr score`` reads.
        file_format: data set whose text file format folders and archives have.

    Raises:
        DataError: a malformed line (with file and line), results without scores, or files of different images.
    """
    if len(paths) < 2:
        raise DataError(f"expected the results of at least two detectors or scales, got {len(paths)} file")
    everything = [_with_scores(path, file_format) for path in paths]
    first = everything[0]
    together = [first]
    for path, results in zip(paths[1:], everything[1:]):
        try:
            pairs, missing = pair_images(first, results)
        except DataError as error:
            raise DataError(f"{paths[0]} and {path} are of different images: {_not_in(str(error), paths[0])}") from None
        if missing:
            raise DataError(
                f"{paths[0]} and {path} are of different images: {path} has no line for {len(missing)} of "
                f"{len(first)} images, such as '{missing[0]}'; an image without texts needs a line too"
            )
        together.append({pair.image: pair.found for pair in pairs})
    return together


def _with_scores(path: Path, file_format: str) -> dict[str, Outlines]:
    results = read_outlines(path, "det", file_format)
    without = next((each for each in results.values() if each.scores is None and each.polys), None)
    if without is not None:
        raise DataError(f"{path}: no scores in it, and merging needs a score for each polygon; {NO_SCORES}")
    wrong = next(((each, s) for each in results.values() for s in each.scores or () if not 0 <= s <= 1), None)
    if wrong is not None:
        raise DataError(f"{wrong[0].where}: a score must be from 0 to 1 to be compared with others, got {wrong[1]:g}")
    return results


def _not_in(message: str, path: Path) -> str:
    return message.replace("in the ground truth", f"in {path}")


def result_lines(
    merged: Mapping[str, tuple[Sequence[Polygon], Sequence[float]]], names: Mapping[str, str], *, as_json: bool
) -> str:
    """The content of a results file.

    Args:
        merged: for each image, polygons (K_i, 2) in pixels and scores.
        names: for each image, its name in the file.
        as_json: JSON lines ``{"image", "polygons", "scores"}``; otherwise lines of a label file with scores.
    """
    lines = []
    for image, (polys, scores) in merged.items():
        points = [np.round(np.asarray(poly, dtype=float), 1).tolist() for poly in polys]
        rounded = [round(float(score), 4) for score in scores]
        if as_json:
            lines.append(to_json({"image": names[image], "polygons": points, "scores": rounded}))
            continue
        texts = [{"transcription": "", "points": each, "score": score} for each, score in zip(points, rounded)]
        lines.append(format_label_line(names[image], texts, quote=True))
    return "".join(f"{line}\n" for line in lines)
