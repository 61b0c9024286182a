"""Reads photographs with an installed RapidOCR for ``benchmarks/read.py``, which starts this file.

It needs an environment with ``rapidocr`` (version 3) or ``rapidocr-onnxruntime`` (version 1), with their own settings
and weights, and nothing of this project. It prints one JSON line with the version, then for each line with the path of
a photograph, which it reads, one JSON line: the lines and the words that were found, each as [points, text], and the
seconds that it took. Version 1 has no words.
"""

import importlib.metadata
import json
import sys
import time
from typing import Any


def open_version_3() -> Any:
    from rapidocr import RapidOCR

    reader = RapidOCR(params={"Global.log_level": "critical"})

    def read(path: str) -> dict:
        start = time.perf_counter()
        found = reader(path, return_word_box=True)
        seconds = time.perf_counter() - start
        if not len(found):
            return {"line": [], "word": [], "seconds": seconds}
        lines = [[points.tolist(), text] for points, text in zip(found.boxes, found.txts)]
        words = [[_plain(points), text] for line in found.word_results for text, _, points in line]
        return {"line": lines, "word": words, "seconds": seconds}

    return read


def open_version_1() -> Any:
    from rapidocr_onnxruntime import RapidOCR

    reader = RapidOCR()

    def read(path: str) -> dict:
        start = time.perf_counter()
        found, _ = reader(path)
        seconds = time.perf_counter() - start
        return {"line": [[points, text] for points, text, _ in found or ()], "seconds": seconds}

    return read


def _plain(points: Any) -> list:
    return [[float(x), float(y)] for x, y in points]


def main() -> None:
    for package, opened, weights in (
        ("rapidocr", open_version_3, "ppocr-v6-small"), ("rapidocr-onnxruntime", open_version_1, "ppocr-v3"),
    ):  # fmt: skip
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        read = opened()
        print(json.dumps({"name": f"RapidOCR {version}", "weights": weights}), flush=True)
        for line in sys.stdin:
            print(json.dumps(read(json.loads(line))), flush=True)
        return
    sys.exit(f"{sys.executable} has neither rapidocr nor rapidocr-onnxruntime")


if __name__ == "__main__":
    main()
