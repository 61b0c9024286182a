"""What shape buckets cost: photographs of as many sizes as there are photographs, with buckets and without.

    python benchmarks/buckets.py --images DIR --gt GT [--weights ppocr-v3] [--runtime onnxruntime]
        [--own_runtime onnxruntime] [--n 200] [--most 6] [--seeds 0 ...] [--json]

Each photograph is resized by factors of its own, 0.5 to 1.5 and for one axis another 0.8 to 1.25, so that no two have
one size; with several seeds each photograph is used in as many sizes, and scores and intervals are of all of them. GT
is ground truth in a form that ``mindocr score`` reads, for the photographs as they are; what is found is carried back
to them. The detector runs once on every photograph at its own size, and once with buckets. MindSpore compiles a graph
for every size, which takes seconds for each; ``--own_runtime onnxruntime`` runs the own sizes without that. The table
shows the f-scores by ``icdar2015``, the number of input shapes that the network was given, and the share of padding
among its pixels. Below it: the difference of the f-scores with its 95 % interval (a paired bootstrap over photographs),
and the share of the polygons found at the own size that buckets find too, with an IoU of 0.8 or more. Prints a table
and one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from det_scores import difference, f_score

from mindocr import TextDetector
from mindocr.cli.run import run_tool
from mindocr.data.datasets.sources import find_images
from mindocr.geometry import polygon_iou
from mindocr.geometry.polygon import transform
from mindocr.inference.buckets import choose_buckets
from mindocr.inference.network_sizes import network_sizes
from mindocr.reading.weights import find_weights
from mindocr.utils.logs import start_logging
from mindocr.utils.progress import progress


class Counting:
    """A runner that notes the input shapes of its network."""

    def __init__(self, runner: Any) -> None:
        self._runner, self.shapes = runner, set()
        self.input_size, self.output_names, self.metadata = runner.input_size, runner.output_names, runner.metadata

    def leave_out_padding(self, batch_size: int) -> bool:
        return hasattr(self._runner, "leave_out_padding") and self._runner.leave_out_padding(batch_size)

    def __call__(self, images: Any, *inside: Any) -> Any:
        self.shapes.update(np.shape(image) for image in images)
        return self._runner(images, *inside)


class Run:
    """The texts of all photographs, and what the network was given.

    Attributes:
        counts: (photographs, counts of the protocol).
        polygons: of each photograph, in its own pixels.
        shapes: number of input shapes of the network.
        padding: share of its pixels.
        seconds: of the whole run.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def measure(self, detector: Any, counting: Counting, back: dict[str, np.ndarray], gt: Path) -> None:
        """Find the texts of all photographs."""
        counting.shapes.clear()
        self.polygons: list[list[np.ndarray]] = []
        start = time.perf_counter()
        _, self.counts = f_score(self._found(detector, back), gt)
        self.seconds = time.perf_counter() - start
        self.shapes = len(counting.shapes)
        self.padding = getattr(detector.runner, "padding", 0.0)

    def _found(self, detector: Any, back: dict[str, np.ndarray]) -> Iterator[tuple[str, list[np.ndarray], list[float]]]:
        paths = sorted(back)
        for path, result in zip(paths, progress(detector.stream(paths), "detect", "image", len(paths))):
            self.polygons.append(transform(list(result.polygons), back[path]))
            yield path, self.polygons[-1], result.scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--gt", required=True, type=Path, metavar="GT")
    parser.add_argument("--weights", default="ppocr-v3", metavar="NAME")
    runtimes = ["auto", "onnxruntime", "mindspore"]
    parser.add_argument("--runtime", choices=runtimes, default="auto")
    parser.add_argument("--own_runtime", choices=runtimes, help="for the own sizes (that of --runtime)")
    parser.add_argument("--n", type=int, default=200, help="number of photographs (200)")
    parser.add_argument("--most", type=int, default=6, help="largest number of buckets (6)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the factors (0)")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    args = parser.parse_args()
    start_logging()
    detectors, countings = [], []
    for runtime in (args.own_runtime or args.runtime, args.runtime):
        detectors.append(TextDetector(find_weights(args.weights, "det", runtime), runtime=runtime))
        countings.append(Counting(detectors[-1].runner))
    images = find_images(args.images)[: args.n]
    runs = [[Run(name) for _ in args.seeds] for name in ("own sizes", "buckets")]
    used = 0
    for own, bucketed, seed in zip(*runs, args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            back = resized(images, Path(folder), seed)
            for detector, counting in zip(detectors, countings):
                detector.runner = counting
            sizes = network_sizes(detectors[0].preparation.ops, sorted(back))
            detectors[1].use_buckets(choose_buckets(sizes, args.most), sorted(back))
            for run, detector, counting in zip((own, bucketed), detectors, countings):
                run.measure(detector, counting, back, args.gt)
        used += len(set(sizes))
    counts = [np.sum([run.counts for run in each], axis=0) for each in runs]  # of a photograph in all its sizes
    change = difference(*counts)
    rows = [
        {"name": each[0].name, "f-score": round(value, 4), "shapes": max(run.shapes for run in each),
         "padding": round(float(np.mean([run.padding for run in each])), 4),
         "seconds": round(sum(run.seconds for run in each), 1)}
        for each, value in zip(runs, (change.first, change.second))
    ]  # fmt: skip
    polys = [[found for run in each for found in run.polygons] for each in runs]
    apart = [round(number, 4) for number in (change.change, change.low, change.high)]
    line = {"benchmark": "buckets", "images": len(images), "seeds": args.seeds, "sizes": used, "results": rows,
            "difference": apart, "same polygons": round(share_found(*polys), 4)}  # fmt: skip
    if not args.json:
        print(f"{line['images']} photographs, {len(args.seeds)} times; {used} sizes for the network")
        print(f"{'':<14}{'f-score':>10}{'shapes':>10}{'padding':>10}{'seconds':>10}")
        for each in rows:
            print(f"{each['name']:<14}{each['f-score']:>10.4f}{each['shapes']:>10}{each['padding']:>10.3f}"
                  f"{each['seconds']:>10.1f}")  # fmt: skip
        print("difference of the f-scores: {:+.4f} ({:+.4f} to {:+.4f})".format(*apart))
        print(f"polygons of the own sizes that buckets find too: {line['same polygons']:.1%}")
    print(json.dumps(line))


def resized(images: list[Path], folder: Path, seed: int) -> dict[str, np.ndarray]:
    """Write the photographs in other sizes; returns path -> (3, 3) matrix from its pixels back to the photograph."""
    rng = np.random.default_rng(seed)
    back: dict[str, np.ndarray] = {}
    used: set[tuple[int, int]] = set()
    for path in progress(images, "resize", "image"):
        image = cv2.imread(str(path))
        h, w = image.shape[:2]
        while True:
            factor, stretch = rng.uniform(0.5, 1.5), rng.uniform(0.8, 1.25)
            size = (round(w * factor * stretch), round(h * factor))
            if size not in used:
                break
        used.add(size)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        target = folder / f"{path.stem}.png"
        cv2.imwrite(str(target), image)
        back[str(target)] = np.diag([w / size[0], h / size[1], 1.0])
    return back


def share_found(own: list[Any], others: list[Any]) -> float:
    """Share of the polygons of ``own`` with an IoU of 0.8 or more with one of ``others`` of the same photograph."""
    found = [
        max((polygon_iou(a, b) for b in there), default=0.0) >= 0.8 for here, there in zip(own, others) for a in here
    ]
    return sum(found) / max(len(found), 1)


if __name__ == "__main__":
    run_tool(main)
