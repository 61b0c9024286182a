"""Runs the transforms of an installed MindOCR for ``benchmarks/input_pipeline.py``, which starts this file.

It needs an environment with MindOCR, MindSpore, OpenCV, NumPy, shapely and pyclipper, and nothing of this project. It
reads one JSON line with the pipeline and the images, then one line ``[first, last]`` for each round, and prints one
JSON line for each line read. Only MindOCR's modules of the transforms of the task are loaded, so the requirements of
its other tasks need not be installed. Images in LMDB environments are read as MindOCR reads them, by one transaction.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import sys
import time
import types
from pathlib import Path

MODULES = {
    "det": ("general_transforms", "det_transforms"),
    "rec": ("general_transforms", "rec_transforms", "svtr_transform"),
}


def load_transforms(task: str) -> dict:
    """Load the transform classes of MindOCR by name, without running the ``__init__`` of its packages."""
    root = Path(next(iter(importlib.util.find_spec("mindocr").submodule_search_locations)))
    for name in ("mindocr", "mindocr.data", "mindocr.data.transforms", "mindocr.utils"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    found = {}
    for name in MODULES[task]:
        found.update(vars(importlib.import_module(f"mindocr.data.transforms.{name}")))
    return found


def peak_mb() -> float:
    """Largest resident memory of this process so far."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


class LmdbImages:
    """Bytes of images whose paths end in the folder of an environment and the key."""

    def __init__(self) -> None:
        self.transactions: dict = {}

    def read(self, path: str) -> bytes:
        folder, _, key = path.rpartition("/")
        if folder not in self.transactions:
            import lmdb

            environment = lmdb.open(folder, readonly=True, lock=False, readahead=False, meminit=False)
            self.transactions[folder] = environment.begin()
        return self.transactions[folder].get(key.encode())


def main() -> None:
    job = json.loads(sys.stdin.readline())
    classes = load_transforms(job["task"])
    inside = LmdbImages()
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
            begin = before = time.process_time()
            sample = {"img_lmdb": inside.read(path)} if job["lmdb"] else {"img_path": path}
            sample["label"] = label
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
