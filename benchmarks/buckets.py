"""What shape buckets cost: photographs of as many sizes as there are photographs, with buckets and without.

    python benchmarks/buckets.py --images DIR --gt GT [--weights ppocr-v3] [--runtime onnxruntime] [--n 200]
        [--most 6] [--seed 0] [--json]

Each photograph is resized by factors of its own, 0.5 to 1.5 and for one axis another 0.8 to 1.25, so that no two have
one size. GT is ground truth in a form that ``mindocr score`` reads, for the
photographs as they are; what is found is carried back to them. The detector runs once on every photograph at its own
size, and once with buckets. The table shows the f-scores by ``icdar2015``, the number of input shapes that the network
was given, and the share of padding among its pixels. Below it: the difference of the f-scores with its 95 % interval (a
paired bootstrap over photographs), and the share of the polygons found at the own size that buckets find too, with an
IoU of 0.8 or more. Prints a table and one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr import TextDetector
from mindocr.cli.run import run_tool
from mindocr.data.datasets.sources import find_images
from mindocr.formats.benchmarks import read_pairs
from mindocr.geometry import polygon_iou
from mindocr.geometry.polygon import transform
from mindocr.inference.buckets import choose_buckets
from mindocr.inference.network_sizes import network_sizes
from mindocr.metrics.score import make_metric, score
from mindocr.reading.weights import find_weights
from mindocr.report.compare import paired_differences
from mindocr.utils.logs import start_logging
from mindocr.utils.progress import progress


class Counting:
    """A runner that notes the input shapes of its network."""

    def __init__(self, runner: Any) -> None:
        self._runner, self.shapes = runner, set()
        self.input_size, self.output_names, self.metadata = runner.input_size, runner.output_names, runner.metadata

    def __call__(self, images: Any) -> Any:
        self.shapes.update(np.shape(image) for image in images)
        return self._runner(images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--gt", required=True, type=Path, metavar="GT")
    parser.add_argument("--weights", default="ppocr-v3", metavar="NAME")
    parser.add_argument("--runtime", choices=["auto", "onnxruntime", "mindspore"], default="auto")
    parser.add_argument("--n", type=int, default=200, help="number of photographs (200)")
    parser.add_argument("--most", type=int, default=6, help="largest number of buckets (6)")
    parser.add_argument("--seed", type=int, default=0, help="of the factors (0)")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    args = parser.parse_args()
    start_logging()
    detector = TextDetector(find_weights(args.weights, "det", args.runtime))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        back = resized(find_images(args.images)[: args.n], folder / "images", args.seed)
        paths = sorted(back)
        counting = detector.runner = Counting(detector.runner)
        rows = [row(detector, counting, back, args.gt, folder)]
        sizes = network_sizes(detector._ops, paths)
        detector.use_buckets(choose_buckets(sizes, args.most), paths)
        counting.shapes.clear()
        rows.append(row(detector, counting, back, args.gt, folder))
    counts, polys = zip(*((each.pop("counts"), each.pop("polys")) for each in rows))
    change = paired_differences(*counts, make_metric("icdar2015").protocol)[0]
    difference = [round(change.change, 4), round(change.low, 4), round(change.high, 4)]
    line = {"benchmark": "buckets", "images": len(paths), "sizes": len(set(sizes)), "results": rows,
            "difference": difference, "same polygons": round(share_found(*polys), 4)}  # fmt: skip
    if not args.json:
        print(f"{line['images']} photographs, {line['sizes']} sizes for the network")
        print(f"{'':<14}{'f-score':>10}{'shapes':>10}{'padding':>10}{'seconds':>10}")
        for each in rows:
            print(f"{each['name']:<14}{each['f-score']:>10.4f}{each['shapes']:>10}{each['padding']:>10.3f}"
                  f"{each['seconds']:>10.1f}")  # fmt: skip
        print("difference of the f-scores: {:+.4f} ({:+.4f} to {:+.4f})".format(*difference))
        print(f"polygons of the own sizes that buckets find too: {line['same polygons']:.1%}")
    print(json.dumps(line))


def resized(images: list[Path], folder: Path, seed: int) -> dict[str, np.ndarray]:
    """Write the photographs in other sizes; returns path -> (3, 3) matrix from its pixels back to the photograph."""
    folder.mkdir()
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


def row(detector: Any, counting: Counting, back: dict[str, np.ndarray], gt: Path, folder: Path) -> dict[str, Any]:
    """Find the texts of all photographs; scores and what the network was given."""
    results = folder / "found.jsonl"
    start = time.perf_counter()
    polygons = []
    with results.open("w", encoding="utf-8") as file:
        found = detector.stream(sorted(back))
        for path, result in zip(sorted(back), progress(found, "detect", "image", len(back))):
            polygons.append(transform(list(result.polygons), back[path]))
            polys = [poly.tolist() for poly in polygons[-1]]
            line = {"image": Path(path).stem, "polygons": polys, "scores": result.scores}
            file.write(json.dumps(line) + "\n")
    seconds = time.perf_counter() - start
    metric = make_metric("icdar2015")
    pairs, _ = read_pairs(gt, results, {"gt": "icdar2015", "det": "icdar2015"}, with_texts=False)
    f_score = score([pair for pair in pairs if pair.found.where], [], metric).f_score
    names = metric.protocol.count_names
    return {
        "counts": np.array([[image.counts[name] for name in names] for image in metric.images]), "polys": polygons,
        "name": "buckets" if hasattr(detector.runner, "buckets") else "own sizes", "f-score": round(f_score, 4),
        "shapes": len(counting.shapes), "padding": round(getattr(detector.runner, "padding", 0.0), 4),
        "seconds": round(seconds, 1),
    }  # fmt: skip


def share_found(own: list[Any], others: list[Any]) -> float:
    """Share of the polygons of ``own`` with an IoU of 0.8 or more with one of ``others`` of the same photograph."""
    found = [
        max((polygon_iou(a, b) for b in there), default=0.0) >= 0.8 for here, there in zip(own, others) for a in here
    ]
    return sum(found) / max(len(found), 1)


if __name__ == "__main__":
    run_tool(main)
