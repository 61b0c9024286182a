"""Time of DBPostprocess for a map of 736 x 1280 pixels, compared with that of an installed MindOCR.

    python benchmarks/postprocess.py [--json] [--peer PYTHON] [--rounds 10] [--batch 1]

PYTHON is the interpreter of an environment with MindOCR, OpenCV, NumPy, shapely and pyclipper; there MindOCR runs its
own code on the same maps (see peers/db_postprocess.py). Maps hold 10 or 100 words with soft borders, as in the output
of a network. There are four kinds: upright rectangles, slanted ones, curved bands, and slanted ones with jagged
borders. Both sides use the same thresholds, and simplify contours (``poly``) by the same share of their length; in
``poly 0.002`` ours are simplified less, as in the DBNet authors' code, for which MindOCR has no option. Both sides run
in turn, round by round. One map per call runs in one thread and is measured in milliseconds of CPU time; with
``--batch 8``, eight maps per call run in the default number of threads of each side and are measured in wall-clock
milliseconds per map. Prints a table and one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.geometry import rotated_corners
from mindocr.postprocess.db import DBPostprocess

SIZE = (736, 1280)
KINDS = ("rectangle", "slanted", "curved", "jagged")
COUNTS = (10, 100)
SETTINGS = {"binary_thresh": 0.3, "box_thresh": 0.5, "expand_ratio": 1.5}
VARIANTS: dict[str, tuple[dict, dict]] = {  # settings of both sides, and additional ones of ours
    "quad": ({"box_type": "quad"}, {}),
    "poly": ({"box_type": "poly"}, {}),
    "poly 0.002": ({"box_type": "poly"}, {"approx_eps": 0.002}),
}
CALLS = 4  # calls of each side in a round


def make_map(kind: str, count: int, seed: int = 0) -> np.ndarray:
    """Probabilities (736, 1280) float32 with ``count`` words of one kind, one in each cell of a grid."""
    rng = np.random.default_rng(seed)
    height, width = SIZE
    columns = int(np.ceil(np.sqrt(count * width / height / 1.6)))
    cell = np.array([width / columns, height / np.ceil(count / columns)])
    prob = np.zeros(SIZE, dtype=np.float32)
    for i in range(count):
        centre = (np.array(divmod(i, columns))[::-1] + 0.5) * cell
        word = make_word(kind, rng, rng.uniform(0.45, 0.7) * cell[0], 0.3 * cell[1]) + centre
        cv2.fillPoly(prob, [np.rint(word * 16).astype(np.int32)], 1.0, shift=4)
    if kind == "jagged":
        rows, cols = np.mgrid[:height, :width].astype(np.float32)
        prob = cv2.remap(prob, cols + waves(rng), rows + waves(rng), cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(prob, (0, 0), 1) * 0.93 + rng.normal(0.01, 0.01, SIZE)
    return np.clip(soft, 0, 1).astype(np.float32)


def make_word(kind: str, rng: np.random.Generator, width: float, highest: float) -> np.ndarray:
    """Polygon (K, 2) around the origin, pixels."""
    height = min(rng.uniform(0.12, 0.25) * width, highest)
    if kind == "rectangle":
        return rotated_corners(np.array([[-width / 2, -height / 2, width, height, 0]]))[0]
    angle = np.radians(rng.uniform(-25, 25))
    if kind != "curved":
        return rotated_corners(np.array([[-width / 2, -height / 2, width, height, angle]]))[0]
    x = np.linspace(-0.5, 0.5, 12)
    bow = rng.choice([-1, 1]) * rng.uniform(0.3, 0.6) * height * 4 * x**2
    edges = [np.stack([x * width, bow + side * height / 2], axis=1) for side in (-1, 1)]
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.concatenate([edges[0], edges[1][::-1]]) @ turn


def waves(rng: np.random.Generator) -> np.ndarray:
    """Offsets of 1.2 pixels that change every few pixels."""
    noise = cv2.GaussianBlur(rng.standard_normal(SIZE).astype(np.float32), (0, 0), 2)
    return noise * np.float32(1.2 / noise.std())


class Peer:
    """MindOCR in another interpreter, started in a folder in which our package is not found."""

    def __init__(self, python: str, maps: Path) -> None:
        script = Path(__file__).resolve().parent / "peers" / "db_postprocess.py"
        self._process = subprocess.Popen(
            [python, "-I", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=maps.parent
        )
        self.version = self._ask(str(maps))["version"]

    def __call__(self, job: dict) -> dict:
        """Times and number of boxes of one round."""
        return self._ask(json.dumps(job))

    def _ask(self, line: str) -> dict:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit("the other interpreter could not run MindOCR's DBPostprocess; see its message above")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=30)


def run_ours(prob: np.ndarray, job: dict[str, Any]) -> dict:
    """Times and number of boxes for each map of one round."""
    alone = len(prob) == 1
    decode = DBPostprocess(**job["settings"], threads=1 if alone else 0)
    clock = time.process_time if alone else time.perf_counter
    shapes = np.array([[*prob.shape[1:], 1, 1]] * len(prob))
    times = []
    for _ in range(job["calls"]):
        start = clock()
        found = decode(prob[:, None], shapes)
        times.append((clock() - start) * 1000 / len(prob))
    return {"times": times, "found": sum(map(len, found)) / len(prob)}


def measure(maps: dict[str, np.ndarray], peer: Peer | None, rounds: int) -> list[dict]:
    """One row for each map and variant: medians of all rounds except the first."""
    cases = [(name, variant) for name in maps for variant in VARIANTS]
    times: dict[tuple, list[float]] = {}
    found = {}
    for number in range(rounds + 1):
        for name, variant in cases:
            both, own = VARIANTS[variant]
            job: dict[str, Any] = {"map": name, "calls": CALLS, "settings": {**SETTINGS, **both}}
            answers = {"ours": run_ours(maps[name], {**job, "settings": {**job["settings"], **own}})}
            if peer:
                answers["peer"] = peer(job)
            for side, answer in answers.items():
                times.setdefault((name, variant, side), []).extend(answer["times"] if number else [])
                found[name, variant, side] = answer["found"]
    rows = []
    for name, variant in cases:
        kind, count = name.split("_")
        row: dict = {"kind": kind, "boxes": int(count), "variant": variant}
        for side in ("ours", "peer"):
            if (name, variant, side) in times:
                row[f"{side}_ms"] = round(statistics.median(times[name, variant, side]), 3)
                row[f"{side}_best_ms"] = round(min(times[name, variant, side]), 3)
                row[f"{side}_found"] = found[name, variant, side]
        if peer:
            row["ratio"] = round(row["peer_ms"] / row["ours_ms"], 2)
            row["best_ratio"] = round(row["peer_best_ms"] / row["ours_best_ms"], 2)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter that has MindOCR")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=1, help="maps per call")
    args = parser.parse_args()
    if args.batch == 1:
        cv2.setNumThreads(1)
    maps = {
        f"{kind}_{count}": np.stack([make_map(kind, count, seed) for seed in range(args.batch)])
        for kind in KINDS
        for count in COUNTS
    }
    line: dict = {"benchmark": "postprocess", "size": SIZE, "batch": args.batch, "settings": SETTINGS}
    with tempfile.TemporaryDirectory() as folder:
        peer = None
        if args.peer:
            np.savez(Path(folder) / "maps.npz", **maps)
            peer = Peer(args.peer, Path(folder) / "maps.npz")
            line["peer"] = f"MindOCR {peer.version}"
        line["results"] = measure(maps, peer, args.rounds)
        if peer:
            peer.close()
            line["smallest_ratios"] = {
                f"{variant}, {count} boxes": min(
                    row["ratio"] for row in line["results"] if (row["boxes"], row["variant"]) == (count, variant)
                )
                for variant in VARIANTS
                for count in COUNTS
            }
    if not args.json:
        show(line)
    print(json.dumps(line))


def show(line: dict) -> None:
    """The table."""
    how = "one thread, CPU milliseconds" if line["batch"] == 1 else f"batches of {line['batch']}, milliseconds a map"
    print(f"DBPostprocess on maps of {SIZE[0]}x{SIZE[1]}, {how}: median (best)")
    print(f"{'words':<11}{'boxes':>5} {'boxes as':<11}{'ours':>15}{'found':>6}{'peer':>15}{'found':>6}{'ratio':>13}")
    for row in line["results"]:
        text = f"{row['kind']:<11}{row['boxes']:>5} {row['variant']:<11}"
        for side in ("ours", "peer"):
            if f"{side}_ms" in row:
                times = f"{row[f'{side}_ms']:.2f} ({row[f'{side}_best_ms']:.2f})"
                text += f"{times:>15}{row[f'{side}_found']:>6.4g}"
        if "ratio" in row:
            both = f"{row['ratio']:.2f} ({row['best_ratio']:.2f})"
            text += f"{both:>13}"
        print(text)


if __name__ == "__main__":
    main()
