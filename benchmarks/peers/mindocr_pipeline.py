"""Runs the transforms of an installed MindOCR for ``benchmarks/input_pipeline.py``, which starts this file.

It needs an environment with MindOCR, MindSpore, OpenCV, NumPy, shapely and pyclipper, and nothing of this project. It
reads one JSON line with the pipeline and the images, then one line ``[first, last]`` for each round, and prints one
JSON line for each line read. Only MindOCR's two modules of detection transforms are loaded, so the requirements of its
other tasks need not be installed.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import sys
import time
import types
from pathlib import Path


def load_transforms() -> dict:
    """Load the transform classes of MindOCR by name, without running the ``__init__`` of its packages."""
    root = Path(next(iter(importlib.util.find_spec("mindocr").submodule_search_locations)))
    for name in ("mindocr", "mindocr.data", "mindocr.data.transforms", "mindocr.utils"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    found = {}
    for name in ("general_transforms", "det_transforms"):
        found.update(vars(importlib.import_module(f"mindocr.data.transforms.{name}")))
    return found


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    job = json.loads(sys.stdin.readline())
    classes = load_transforms()
    import cv2

    cv2.setNumThreads(1)
    steps = []
    for op in job["pipeline"]:
        ((name, arguments),) = op.items()
        steps.append((name, classes[name](**(arguments or {}), is_train=job["is_train"])))
    start = peak_mb()
    print(json.dumps({"version": importlib.metadata.version("mindocr"), "start_mb": start}), flush=True)
    for line in sys.stdin:
        first, last = json.loads(line)
        times, ops = [], dict.fromkeys([name for name, _ in steps], 0.0)
        for path, label in job["images"][first:last]:
            sample = {"img_path": path, "label": label}
            begin = before = time.process_time()
            for name, step in steps:
                sample = step(sample)
                now = time.process_time()
                ops[name] += now - before
                before = now
            [sample[key] for key in job["columns"]]
            times.append(time.process_time() - begin)
        print(json.dumps({"times": times, "ops": ops, "peak_mb": peak_mb()}), flush=True)


if __name__ == "__main__":
    main()
