"""Finds or reads text in images with an installed RapidOCR for ``benchmarks/predict.py``, which starts this file.

It needs an environment with ``rapidocr`` (version 3) or ``rapidocr-onnxruntime`` (version 1), with their own weights,
and nothing of this project. It reads one JSON line: the paths, the task ``detect`` or ``read``, and the number of
threads. It prints one JSON line with the version and the seconds until the first image can be read, one for each image
with what was found and the seconds since the start, and one with the peak memory.

The settings are those of ``benchmarks/predict.py``: no classifier of directions, 6 lines in a batch.
"""

import importlib.metadata
import json
import sys
import time
from pathlib import Path

START = time.perf_counter()


def open_version_3(task, threads):
    from rapidocr import RapidOCR

    engine = "EngineConfig.onnxruntime"
    params = {
        "Global.log_level": "critical", "Global.use_cls": False, f"{engine}.intra_op_num_threads": threads,
        f"{engine}.inter_op_num_threads": 1,
    }  # fmt: skip
    reader = RapidOCR(params=params)

    def run(path):
        if task == "detect":
            found = reader(path, use_det=True, use_cls=False, use_rec=False)
            return [[box.tolist(), ""] for box in (found.boxes if found.boxes is not None else ())]
        found = reader(path, use_cls=False)
        if not len(found):
            return []
        return [[box.tolist(), text] for box, text in zip(found.boxes, found.txts)]

    return run


def open_version_1(task, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions

    class Limited(options):
        """This version has no option for the number of threads."""

        def __init__(self):
            super().__init__()
            self.intra_op_num_threads = threads
            self.inter_op_num_threads = 1

    onnxruntime.SessionOptions = Limited  # before the package imports the name
    from rapidocr_onnxruntime import RapidOCR

    reader = RapidOCR()
    reader.use_angle_cls = False

    def run(path):
        if task == "detect":
            boxes, _ = reader.text_detector(reader.load_img(path))
            return [[box, ""] for box in (boxes if boxes is not None else ())]
        found, _ = reader(path)
        return [[points, text] for points, text, _ in found or ()]

    return run


def peak_mb():
    """Largest resident memory of this process so far."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main():
    job = json.loads(sys.stdin.readline())
    for package, opened, weights in (
        ("rapidocr", open_version_3, "ppocr-v6-small"), ("rapidocr-onnxruntime", open_version_1, "ppocr-v3"),
    ):  # fmt: skip
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        run = opened(job["task"], job["threads"])
        ready = time.perf_counter() - START
        print(json.dumps({"name": f"RapidOCR {version}", "weights": weights, "ready": ready}), flush=True)
        for path in job["paths"]:
            found = run(path)
            found = [[[[float(x), float(y)] for x, y in points], text] for points, text in found]
            now = {"seconds": time.perf_counter() - START, "cpu": time.process_time()}
            print(json.dumps({"found": found, **now}), flush=True)
        print(json.dumps({"peak_mb": peak_mb()}), flush=True)
        return
    sys.exit(f"{sys.executable} has neither rapidocr nor rapidocr-onnxruntime")


if __name__ == "__main__":
    main()
