"""Detection and end-to-end scores of TextReader on photographs, compared with installed RapidOCRs.

    python benchmarks/read.py --images DIR --gt GT [--weights ppocr-v6-small ppocr-v3] [--levels line word]
        [--peers PYTHON ...] [--n N] [--output DIR] [--json]

GT is ground truth with texts in a form that ``mindocr score`` reads, such as the folder of ICDAR 2015. PYTHON is the
interpreter of an environment with ``rapidocr==3.10.0`` (PP-OCRv6 small) or ``rapidocr-onnxruntime==1.2.3`` (PP-OCRv3);
there RapidOCR runs with its own settings and the same released weights. It returns lines and, from version 3 on, its
own boxes of words (see peers/rapidocr_read.py). All programs read each photograph in turn, so that others disturb them
alike; ``ms`` is the median time of a photograph.

Scores are f-scores by ``icdar2015`` (polygons alone), ``icdar2015_e2e`` and ``icdar2015_word_spotting``. ``--output``
keeps the results as JSON lines, for ``mindocr score`` and ``mindocr compare``. With ``--weights`` and no name only the
peers read. Prints a table and one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.cli.run import run_tool
from mindocr.data.datasets.sources import find_images
from mindocr.errors import ConfigError
from mindocr.formats.benchmarks import read_pairs
from mindocr.metrics.score import make_metric, score
from mindocr.reading.reader import TextReader
from mindocr.utils.logs import start_logging
from mindocr.utils.progress import progress

PEER = Path(__file__).parent / "peers" / "rapidocr_read.py"
PROTOCOLS = {"detection": "icdar2015", "end to end": "icdar2015_e2e", "word spotting": "icdar2015_word_spotting"}
LEVELS = ("line", "word")

Found = dict[str, Any]  # level -> [[points, text], ...], and "seconds"


class Ours:
    """TextReader with released weights; results of both levels come from one reading."""

    def __init__(self, weights: str, levels: Sequence[str]) -> None:
        self.name, self.weights, self._levels = "mindocr", weights, levels
        self._reader = TextReader(weights, **({"level": "word"} if "word" in levels else {}))

    def __call__(self, image: Path) -> Found:
        """The texts of a photograph, and the seconds."""
        start = time.perf_counter()
        page = self._reader(image)
        seconds = time.perf_counter() - start
        items = {"line": page.lines, "word": [word for line in page.lines for word in line.parts]}
        texts = {level: [[item.polygon.tolist(), item.text] for item in items[level]] for level in self._levels}
        return {**texts, "seconds": seconds}


class Peer:
    """RapidOCR in an environment of its own.

    Raises:
        ConfigError: the interpreter cannot run it.
    """

    def __init__(self, python: str, levels: Sequence[str]) -> None:
        self._levels = levels
        try:
            self._process = subprocess.Popen(
                [python, str(PEER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        except OSError as error:
            raise ConfigError(f"--peers {python}: {error.strerror}; name the interpreter of an environment") from None
        about = self._answer(python)
        self.name, self.weights = about["name"], about["weights"]

    def __call__(self, image: Path) -> Found:
        """The texts of a photograph, and the seconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(str(image)) + "\n")
        self._process.stdin.flush()
        answer = self._answer(image)
        return {key: value for key, value in answer.items() if key in (*self._levels, "seconds")}

    def _answer(self, what: object) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ConfigError(f"--peers: RapidOCR ended at {what}; run {PEER.name} with this interpreter to see why")
        return json.loads(line)  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    args = arguments()
    start_logging()
    images = find_images(args.images)[: args.n]
    with ExitStack() as opened:
        readers: list[Ours | Peer] = [Ours(weights, args.levels) for weights in args.weights]
        for python in args.peers:
            peer = Peer(python, args.levels)
            opened.callback(peer.close)
            readers.append(peer)
        found: list[dict[str, Found]] = [{} for _ in readers]
        for image in progress(images, "read", "image"):
            for results, reader in zip(found, readers):
                results[image.stem] = reader(image)
        folder = args.output or Path(opened.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        rows = [row for reader, results in zip(readers, found) for row in rows_of(reader, results, folder, args)]
    line = {"benchmark": "read", "images": len(images), "results": rows}
    if not args.json:
        print_table(line)
    print(json.dumps(line))


def arguments() -> argparse.Namespace:
    """The options.

    Raises:
        ConfigError: no photograph is asked for.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--gt", required=True, type=Path, metavar="GT")
    parser.add_argument("--weights", nargs="*", default=["ppocr-v6-small", "ppocr-v3"], metavar="NAME")
    parser.add_argument("--levels", nargs="+", choices=LEVELS, default=list(LEVELS))
    parser.add_argument("--peers", nargs="+", default=[], metavar="PYTHON", help="interpreters that have RapidOCR")
    parser.add_argument("--n", type=int, help="number of photographs; default: all")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for the results as JSON lines")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    args = parser.parse_args()
    if args.n is not None and args.n < 1:
        raise ConfigError(f"--n: expected 1 photograph or more, got {args.n}")
    return args


def rows_of(reader: Ours | Peer, results: dict[str, Found], folder: Path, args: argparse.Namespace) -> list[dict]:
    """A row of scores for each level that a program has."""
    seconds = statistics.median(found["seconds"] for found in results.values())
    rows = []
    for level in (level for level in args.levels if all(level in found for found in results.values())):
        file = folder / f"{reader.name} {reader.weights} {level}.jsonl".replace(" ", "_")
        lines = (
            {"image": image, "polygons": [points for points, _ in found[level]], "texts": [t for _, t in found[level]]}
            for image, found in results.items()
        )
        file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        row = {"name": reader.name, "weights": reader.weights, "level": level, "ms": round(seconds * 1000)}
        rows.append({**row, **scores_of(file, args.gt)})
    return rows


def scores_of(file: Path, gt: Path) -> dict[str, float]:
    """F-scores of a results file by protocol; only its images count."""
    scores = {}
    for name, protocol in PROTOCOLS.items():
        metric = make_metric(protocol)
        formats = {"gt": "icdar2015", "det": "icdar2015"}
        pairs, _ = read_pairs(gt, file, formats, with_texts=metric.protocol.compares_texts)
        scores[name] = round(score([pair for pair in pairs if pair.found.where], [], metric).f_score, 4)
    return scores


def print_table(line: dict[str, Any]) -> None:
    """The rows, ours beside the peers with the same weights."""
    print(f"{line['images']} photographs, f-scores, median milliseconds of a photograph")
    print(f"{'program':<18}{'weights':<16}{'level':<7}" + "".join(f"{name:>15}" for name in PROTOCOLS) + f"{'ms':>8}")
    for row in sorted(line["results"], key=lambda row: (row["weights"], row["level"], row["name"])):
        scores = "".join(f"{row[name]:>15.4f}" for name in PROTOCOLS)
        print(f"{row['name']:<18}{row['weights']:<16}{row['level']:<7}{scores}{row['ms']:>8}")


if __name__ == "__main__":
    run_tool(main)
