"""Runs the DBPostprocess of an installed MindOCR for ``benchmarks/postprocess.py``, which starts this file.

It needs an environment with MindOCR, OpenCV, NumPy, shapely and pyclipper, and nothing of this project. It reads the
path of an ``.npz`` file with maps, then one JSON line for each round, and prints one JSON line for each line read. Only
MindOCR's module of this post-processing is loaded. MindSpore, of which it uses only a type, need not be installed.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import sys
import time
import types
from pathlib import Path


class StandIn(types.ModuleType):
    """Replaces a module: every name in it is an empty class."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def load_class():
    """Load MindOCR's class without running the ``__init__`` of its packages."""
    root = Path(next(iter(importlib.util.find_spec("mindocr").submodule_search_locations)))
    for name in ("mindocr", "mindocr.data", "mindocr.data.transforms", "mindocr.utils", "mindocr.postprocess"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    for name in ("mindspore", "mindspore.nn", "mindspore.ops", "mindspore.ops.primitive"):
        module = StandIn(name)
        module.__path__ = []
        sys.modules[name] = module
    sys.modules["mindspore"].nn = sys.modules["mindspore.nn"]
    sys.modules["mindspore"].ops = sys.modules["mindspore.ops"]
    sys.modules["mindspore.ops.primitive"].constexpr = lambda function: function
    return importlib.import_module("mindocr.postprocess.det_db_postprocess").DBPostprocess


def main() -> None:
    import cv2
    import numpy as np

    make = load_class()
    maps = np.load(sys.stdin.readline().strip())
    print(json.dumps({"version": importlib.metadata.version("mindocr")}), flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        prob = maps[job["map"]][:, None]
        clock = time.perf_counter
        if len(prob) == 1:
            cv2.setNumThreads(1)
            clock = time.process_time
        shapes = np.array([[*prob.shape[2:], 1, 1]] * len(prob), dtype=np.float32)
        decode = make(**job["settings"])
        times = []
        for _ in range(job["calls"]):
            start = clock()
            found = decode(prob, shapes)
            times.append((clock() - start) * 1000 / len(prob))
        print(json.dumps({"times": times, "found": sum(map(len, found["polys"])) / len(prob)}), flush=True)


if __name__ == "__main__":
    main()
