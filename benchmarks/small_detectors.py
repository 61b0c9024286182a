"""What pruning and int8 cost and bring: size, time and score of several files of one detector, in one run.

    python benchmarks/small_detectors.py --images DIR --gt GT [--n 200] [--size 736 1280] [--repeats 20] [--threads N]
        [--config RECIPE] [--json] FILE.onnx FILE.onnx ...

GT is ground truth in a form that ``mindocr score`` reads. The first file is the one that the others are compared with.
Each file finds the texts of the photographs with the preprocessing and post-processing that it holds, or with those of
``--config``. The f-score is that of ``icdar2015``, and its difference from the first has a 95 % interval (a paired
bootstrap over photographs). The time is that of the network alone in onnxruntime, one image of ``--size`` (h, w), the
median of the repeats; the files take turns. Prints a table and one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from det_scores import difference, f_score

from mindocr import TextDetector
from mindocr.cli.run import run_tool
from mindocr.data.datasets.sources import find_images
from mindocr.utils.logs import start_logging
from mindocr.utils.progress import progress


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE.onnx")
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--gt", required=True, type=Path, metavar="GT")
    parser.add_argument("--n", type=int, default=200, help="number of photographs (200)")
    parser.add_argument("--size", type=int, nargs=2, default=(736, 1280), help="h and w of the timed image (736 1280)")
    parser.add_argument("--repeats", type=int, default=20, help="timed runs of each file (20)")
    parser.add_argument("--threads", type=int, default=None, help="threads of the network")
    parser.add_argument("--config", metavar="RECIPE", help="for files of other projects, which hold no preprocessing")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    args = parser.parse_args()
    start_logging()
    detectors = [TextDetector(file, config=args.config, threads=args.threads) for file in args.files]
    times = [median(each) * 1000 for each in taking_turns(detectors, tuple(args.size), args.repeats)]
    images = [str(path) for path in find_images(args.images)[: args.n]]
    scores, counts = zip(*(f_score(found_by(detector, images), args.gt) for detector in detectors))
    rows = []
    for file, ms, value, each in zip(args.files, times, scores, counts):
        change = difference(counts[0], each)
        megabytes = Path(file).stat().st_size / 1e6
        apart = [round(number, 4) for number in (change.change, change.low, change.high)]
        rows.append({"file": file, "MB": round(megabytes, 2), "ms": round(ms, 1), "f-score": round(value, 4),
                     "difference": apart})  # fmt: skip
    line = {"benchmark": "small_detectors", "images": len(images), "size": list(args.size), "results": rows}
    if not args.json:
        print(f"{'file':<40}{'MB':>8}{'ms':>9}{'f-score':>10}{'difference':>12}")
        for row in rows:
            change, low, high = row["difference"]
            print(f"{row['file'][-39:]:<40}{row['MB']:>8.2f}{row['ms']:>9.1f}{row['f-score']:>10.4f}{change:>+12.4f}"
                  f" ({low:+.4f} to {high:+.4f})")  # fmt: skip
    print(json.dumps(line))


def taking_turns(detectors: list[TextDetector], size: tuple[int, int], repeats: int) -> list[list[float]]:
    """Seconds of each run of each network, after a first one that does not count."""
    image = np.random.default_rng(0).normal(size=(3, *size)).astype(np.float32)
    seconds: list[list[float]] = [[] for _ in detectors]
    for turn in range(repeats + 1):
        for detector, each in zip(detectors, seconds):
            start = time.perf_counter()
            detector.runner([image])
            if turn:
                each.append(time.perf_counter() - start)
    return seconds


def found_by(detector: TextDetector, images: list[str]) -> Iterator[tuple[str, Any, Any]]:
    """The name, the polygons and their scores of each photograph."""
    for path, found in zip(images, progress(detector.stream(images), "detect", "image", len(images))):
        yield path, found.polygons, found.scores


if __name__ == "__main__":
    run_tool(main)
