"""Labelled words that are at least 1.5 times as high as wide: in which direction they are read right.

    python benchmarks/tall_lines.py --images DIR [DIR ...] --labels FILE [FILE ...] [--weights ppocr-v6-small ppocr-v3]

Each word is read turned by 90 degrees anticlockwise, as PP-OCR does, and as ``mindocr read`` does: also turned
clockwise and not turned, of which the reading with the highest confidence counts. Ignored words (###) are left out. The
table shows how many are read right by ``acc`` of ``RecMetric``, and how many are right in any direction. Prints a table
and one JSON line.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.cli.run import run_tool
from mindocr.errors import ConfigError
from mindocr.formats.label_file import IGNORED, parse_label_line, read_lines
from mindocr.images.crops import line_view
from mindocr.images.read import read_image
from mindocr.inference.recogniser import TextRecogniser
from mindocr.metrics.rec_metric import RecMetric
from mindocr.reading.weights import find_weights
from mindocr.utils.logs import start_logging
from mindocr.utils.progress import progress

Word = tuple[str, list[np.ndarray]]  # text, and the crop in each direction


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="+", required=True, type=Path, metavar="DIR")
    parser.add_argument("--labels", nargs="+", required=True, type=Path, metavar="FILE", help="one for each folder")
    parser.add_argument("--weights", nargs="+", default=["ppocr-v6-small", "ppocr-v3"], metavar="NAME")
    args = parser.parse_args()
    if len(args.images) != len(args.labels):
        raise ConfigError(f"--labels: expected one file for each of {len(args.images)} folders, got {len(args.labels)}")
    start_logging()
    words: list[Word] = []
    total = 0
    for folder, file in zip(args.images, args.labels):
        for count, found in tall_words(folder, file):
            total += count
            words += found
    rows = [{"weights": name, **right(name, words)} for name in args.weights]
    print(f"{len(words)} of {total} words are tall; read right:")
    print(f"{'weights':<16}{'anticlockwise':>16}{'best of three':>16}{'any of three':>16}")
    for row in rows:
        print(f"{row['weights']:<16}{row['anticlockwise']:>16}{row['best']:>16}{row['any']:>16}")
    print(json.dumps({"benchmark": "tall_lines", "words": total, "tall": len(words), "results": rows}))


def tall_words(folder: Path, file: Path) -> Iterator[tuple[int, list[Word]]]:
    """For each image: the number of its words, and the tall ones."""
    for number, line in progress(list(read_lines(file)), file.name, "image"):
        path, texts = parse_label_line(line, file, number)
        labelled = [text for text in texts if text["transcription"] not in IGNORED]
        image = read_image(folder / path) if labelled else np.zeros((1, 1, 3), np.uint8)
        views = [line_view(np.array(text["points"], np.float32), image.shape[:2]) for text in labelled]
        yield len(labelled), [
            (text["transcription"], [each.cut(image) for each in view.directions()])
            for text, view in zip(labelled, views) if view.turns
        ]  # fmt: skip


def right(weights: str, words: list[Word]) -> dict[str, int]:
    """How many words are read right."""
    recogniser = TextRecogniser(find_weights(weights, "rec"))
    metric = RecMetric()
    read: Iterator[Any] = iter(recogniser.read([crop for _, crops in words for crop in crops]))
    counts = {"anticlockwise": 0, "best": 0, "any": 0}
    for truth, crops in words:
        texts = list(islice(read, len(crops)))
        judged = [metric.compare(text.text, truth).right["acc"] for text in texts]
        counts["anticlockwise"] += judged[0]
        counts["best"] += judged[int(np.argmax([text.confidence for text in texts]))]
        counts["any"] += any(judged)
    return counts


if __name__ == "__main__":
    run_tool(main)
