"""Tiles: the f-score on a large image composed of photographs, and the memory that a large scan needs.

    python benchmarks/large_images.py --model DETECTOR [--config YAML] --images DIR --gt GT [--sheets 5] [--tile auto]
    python benchmarks/large_images.py --model DETECTOR [--config YAML] --scan 20000 15000 [--tile auto]

With ``--images`` sheets of 6000 x 4000 pixels are made, of N photographs each. Three scores by ``icdar2015`` are
printed: each photograph alone, the sheets in tiles, the sheets as a whole. With ``--scan`` a page of text of that size
(width, height) is generated, ``mindocr infer`` is run on it in a process of its own, and its largest resident memory
and its time are printed.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.cli.run import run_tool
from mindocr.data.datasets.sources import find_images
from mindocr.formats.benchmarks import Outlines, read_outlines
from mindocr.images.read import read_image
from mindocr.inference.detector import TextDetector
from mindocr.metrics.det_metric import DetMetric
from mindocr.utils.logs import start_logging
from mindocr.utils.progress import progress

SHEET = (4000, 6000)  # h, w
GREY = 127


class Placed(NamedTuple):
    """A photograph on the sheet: its image, its ground truth, and its top left corner (x, y)."""

    image: np.ndarray
    truth: Outlines
    corner: tuple[int, int]


def place(images: Sequence[Path], gt: Path, number: int, sheet: tuple[int, int] = SHEET) -> list[Placed]:
    """Photographs in rows on a sheet (h, w), with equal gaps; as many as fit, at most ``number``."""
    truth = read_outlines(gt, "gt", "icdar2015")
    pixels = [read_image(image) for image in images[:number]]
    h, w = (max(image.shape[axis] for image in pixels) for axis in (0, 1))
    rows, columns = sheet[0] // h, sheet[1] // w
    placed = []
    for n, (path, image) in enumerate(zip(images, pixels)):
        if n == rows * columns:
            break
        row, column = divmod(n, columns)
        corner = column * (sheet[1] - w) // max(columns - 1, 1), row * (sheet[0] - h) // max(rows - 1, 1)
        placed.append(Placed(image, truth[path.stem], corner))
    return placed


def compose(placed: Sequence[Placed], sheet: tuple[int, int] = SHEET) -> np.ndarray:
    """The sheet (h, w, 3)."""
    canvas = np.full((*sheet, 3), GREY, np.uint8)
    for image, _, (x, y) in placed:
        canvas[y : y + image.shape[0], x : x + image.shape[1]] = image
    return canvas


def f_score(found: Sequence[tuple[Any, Outlines]]) -> dict[str, float]:
    """Scores of (detection, ground truth) of images."""
    metric = DetMetric(protocol="icdar2015")
    metric.judge([each for each, _ in found], [[t.polys for _, t in found], [np.array(t.ignore) for _, t in found]])
    return {name: round(float(value), 4) for name, value in metric.result().items() if name in metric.score_names}


def score_sheets(usual: TextDetector, tiled: TextDetector, sheets: Sequence[Sequence[Placed]]) -> dict[str, Any]:
    """Scores and seconds: each photograph alone, and the sheets in tiles and as a whole."""
    found: dict[str, list[tuple[Any, Outlines]]] = {"alone": [], "sheets in tiles": [], "sheets as a whole": []}
    seconds = dict.fromkeys(found, 0.0)
    for placed in progress(sheets, "sheets", "sheet"):
        sheet = compose(placed)
        polys = [poly + corner for _, truth, corner in placed for poly in truth.polys]
        every = Outlines("", polys, [flag for _, truth, _ in placed for flag in truth.ignore])
        alone = [(image, truth) for image, truth, _ in placed]
        for (name, rows), detector, inputs in zip(
            found.items(), (usual, tiled, usual), (alone, [(sheet, every)], [(sheet, every)])
        ):
            start = time.perf_counter()
            rows += [(detector(image).prediction, truth) for image, truth in inputs]
            seconds[name] += time.perf_counter() - start
    return {name: {**f_score(rows), "seconds": round(seconds[name], 1)} for name, rows in found.items()}


def write_scan(path: Path, size: tuple[int, int]) -> None:
    """A white page (w, h) of lines of text, written as a JPEG."""
    w, h = size
    page = np.full((h, w, 3), 245, np.uint8)
    line = np.full((60, 1000, 3), 245, np.uint8)
    cv2.putText(line, "The quick brown fox jumps over 42 dogs", (10, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (20,) * 3, 2)
    for y in range(100, h - 100, 110):
        for x in range(200, w - 1100, 1500):
            page[y : y + 60, x : x + 1000] = line
    if not cv2.imwrite(str(path), page):
        raise OSError(f"{path} cannot be written")


def measure_scan(model: str, config: str | None, size: tuple[int, int], tile: str) -> dict[str, Any]:
    """Peak memory and seconds of a process that finds the text of a generated page."""
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "scan.jpg"
        write = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import large_images as l; "
        write += f"l.write_scan(l.Path({str(scan)!r}), {size})"
        subprocess.run([sys.executable, "-c", write], check=True)
        model = str(with_settings(Path(model), config, Path(folder))) if config else model
        command = [sys.executable, "-m", "mindocr", "infer", "--det_model_path", model, "--input_images_dir", str(scan),
                   "--res_save_dir", f"{folder}/out", "--tile", tile]  # fmt: skip
        start = time.perf_counter()
        process = subprocess.Popen(command)
        _, status, usage = wait4(process.pid)
        seconds = time.perf_counter() - start
        if status:
            raise SystemExit(f"{' '.join(command)} ended with status {status}")
        (image,) = json.loads((Path(folder) / "out/det_results.json").read_text(encoding="utf-8"))
        return {"size": list(size), "texts": len(image["detections"]), "seconds": round(seconds, 1),
                "peak_gb": round(usage.ru_maxrss * 1024 / 1e9, 3)}  # fmt: skip


def with_settings(model: Path, config: str, folder: Path) -> Path:
    """A copy of an ONNX file that holds its settings, so that MindSpore, which reads recipes, takes no memory."""
    import onnx

    from mindocr.inference import metadata
    from mindocr.inference.onnx import open_file

    content = onnx.load(str(model))
    onnx.helper.set_model_props(content, metadata.to_texts(open_file(model, config).metadata))
    onnx.save(content, str(folder / "model.onnx"))
    return folder / "model.onnx"


def wait4(pid: int) -> tuple[int, int, resource.struct_rusage]:
    """Wait for a process, and what it used."""
    import os

    return os.wait4(pid, 0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Scores and memory of detection in tiles.")
    parser.add_argument("--model", required=True, help="checkpoint, MindIR or ONNX file of a detector")
    parser.add_argument("--config", help="YAML file or recipe, if the file does not hold its settings")
    parser.add_argument("--images", help="folder of photographs")
    parser.add_argument("--gt", type=Path, help="their ground truth")
    parser.add_argument("--n", type=int, default=20, help="number of photographs on a sheet, at most 20")
    parser.add_argument("--sheets", type=int, default=1, help="number of sheets, of further photographs each")
    parser.add_argument("--side", type=int, default=1280, help="longest side that the network sees, pixels")
    parser.add_argument("--tile", default="auto")
    parser.add_argument("--scan", type=int, nargs=2, metavar=("WIDTH", "HEIGHT"), help="size of a generated page")
    args = parser.parse_args()
    start_logging()
    if args.scan:
        print(json.dumps(measure_scan(args.model, args.config, tuple(args.scan), args.tile)))
    if args.images:
        usual, tiled = (TextDetector(args.model, config=args.config, limit_side_len=args.side, tile=tile)
                         for tile in ("off", args.tile))  # fmt: skip
        images = sorted(find_images(Path(args.images)), key=number_of)
        sheets = [place(images[i * args.n :], args.gt, args.n) for i in range(args.sheets)]
        print(json.dumps({"photographs": sum(map(len, sheets)), **score_sheets(usual, tiled, sheets)}, indent=1))


def number_of(path: Path) -> list[int]:
    """The numbers in the name of a photograph, by which they are sorted."""
    return [int(digits) for digits in re.findall(r"\d+", path.stem)]


if __name__ == "__main__":
    run_tool(main)
