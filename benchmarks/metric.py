"""Time of the ICDAR 2015 metric per image, compared with the metric of an installed MindOCR.

    python benchmarks/metric.py [--json] [--peer PYTHON] [--images 500] [--boxes 10] [--repeats 5]

PYTHON is the interpreter of an environment with MindOCR, NumPy and shapely. Only MindOCR's metric is loaded there, with
a replacement for MindSpore, which the metric uses only to hold arrays. Both evaluate the same random boxes;
``mindocr_compat`` must return the scores of the peer. Prints a table and one JSON line, with ``--json`` only the
latter.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.metrics.det_metric import DetMetric

PROTOCOLS = ("icdar2015", "mindocr_compat")
PEER = r"""
import importlib.machinery, importlib.metadata, importlib.util, json, sys, time, types
import numpy as np

place = importlib.util.find_spec("mindocr").submodule_search_locations[0]
for name in ("mindspore", "mindspore.nn", "mindocr", "mindocr.metrics", "mindocr.utils", "mindocr.utils.misc"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = []
sys.modules["mindspore"].nn = sys.modules["mindspore.nn"]
sys.modules["mindspore"].Tensor = sys.modules["mindocr.utils.misc"].AllReduce = object
sys.modules["mindspore.nn"].Metric = type("Metric", (), {})
loader = importlib.machinery.SourceFileLoader("mindocr.metrics.det_metrics", place + "/metrics/det_metrics.py")
module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(module)

class Held:
    def __init__(self, array): self.array = array
    def asnumpy(self): return self.array

data = np.load(sys.argv[1])
calls = [({"polys": found[None]}, (Held(truth[None]), Held(ignore[None])))
         for truth, ignore, found in zip(data["truth"], data["ignore"], data["found"])]
times = []
for _ in range(int(sys.argv[2])):
    metric = module.DetMetric()
    start = time.perf_counter()
    for call in calls:
        metric.update(*call)
    times.append((time.perf_counter() - start) * 1000 / len(calls))
    scores = metric.eval()
print(json.dumps({"version": importlib.metadata.version("mindocr"), "times": times, "scores": scores}))
"""


def make_images(images: int, boxes: int) -> dict[str, np.ndarray]:
    """Slanted boxes on 1280 x 720 pixels: truth, found (images, boxes, 4, 2) float32; ignore (images, boxes) bool."""
    rng = np.random.default_rng(0)
    shape = (images, boxes)
    w, h = rng.uniform(20, 160, shape), rng.uniform(10, 50, shape)
    centre = np.stack([rng.uniform(0, 1280, shape), rng.uniform(0, 720, shape)], axis=-1)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2 * np.stack([w, h], axis=-1)[..., None, :]
    angle = rng.normal(0, 0.3, shape)
    turn = np.stack([np.cos(angle), np.sin(angle), -np.sin(angle), np.cos(angle)], axis=-1).reshape(*shape, 2, 2)
    truth = corners @ turn + centre[..., None, :]
    found = truth + rng.normal(0, 2, truth.shape)
    found[rng.random(shape) < 0.2] += (60, 40)
    return {"truth": truth.astype(np.float32), "found": found.astype(np.float32), "ignore": rng.random(shape) < 0.3}


def time_ours(protocol: str, data: dict[str, np.ndarray], repeats: int) -> tuple[list[float], dict[str, float]]:
    """Milliseconds per image in each repeat, and the metric scores."""
    metric = DetMetric(protocol=protocol)
    times = []
    for _ in range(repeats):
        metric.reset()
        start = time.perf_counter()
        metric.update_many(list(zip(data["found"], data["truth"], data["ignore"])))
        times.append((time.perf_counter() - start) * 1000 / len(data["truth"]))
    return times, {name: metric.result()[name] for name in ("recall", "precision", "f-score")}


def time_peer(python: str, data: dict[str, np.ndarray], repeats: int) -> dict:
    """The same for MindOCR's metric, run by another interpreter in a folder in which our package is not found."""
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "data.npz", **data)
        command = [python, "-I", "-c", PEER, "data.npz", str(repeats)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{python} could not run MindOCR's metric:\n{done.stderr}")
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter that has MindOCR")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--boxes", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    data = make_images(args.images, args.boxes)
    measured = {protocol: time_ours(protocol, data, args.repeats) for protocol in PROTOCOLS}
    if args.peer:
        peer = time_peer(args.peer, data, args.repeats)
        measured[f"MindOCR {peer['version']}"] = (peer["times"], peer["scores"])
    rows = {
        name: {"median_ms": round(statistics.median(times), 4), "best_ms": round(min(times), 4), **scores}
        for name, (times, scores) in measured.items()
    }
    line = {"benchmark": "metric", "images": args.images, "boxes": args.boxes, "results": rows}
    if args.peer:
        *_, last = rows.values()
        line["ratio"] = round(last["median_ms"] / rows["icdar2015"]["median_ms"], 2)
        line["same_scores"] = all(np.isclose(last[k], rows["mindocr_compat"][k]) for k in peer["scores"])
    if not args.json:
        print(f"{args.images} images x {args.boxes} boxes, milliseconds per image, {args.repeats} repeats")
        print(f"{'metric':<18}{'median':>9}{'best':>9}{'recall':>9}{'precision':>11}{'f-score':>9}")
        for name, row in rows.items():
            print(
                f"{name:<18}{row['median_ms']:>9.3f}{row['best_ms']:>9.3f}{row['recall']:>9.4f}"
                f"{row['precision']:>11.4f}{row['f-score']:>9.4f}"
            )
    print(json.dumps(line))


if __name__ == "__main__":
    main()
