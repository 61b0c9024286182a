"""Images per second and seconds to the first result, for finding text and for reading it, beside other programs.

    python benchmarks/predict.py --images DIR [--weights ppocr-v6-small ppocr-v3] [--tasks detect read]
        [--runtimes onnxruntime mindspore] [--peers PYTHON ...] [--mindocr PYTHON] [--n N] [--threads N] [--rounds N]
        [--json]

PYTHON is the interpreter of an environment with ``rapidocr==3.10.0`` (PP-OCRv6 small) or
``rapidocr-onnxruntime==1.2.3`` (PP-OCRv3), whose wheels hold the same released weights; for ``--mindocr`` that of one
with ``mindocr==0.5.0``, whose network of PP-OCRv3's detector gets the same weights and runs in MindSpore, with as many
threads as MindSpore takes. Each program runs in a process of its own, one after the other, in every round; the best
round of each counts, as other work on the machine only slows it down. All get the same list of files, the same number
of threads, RapidOCR's thresholds (its defaults), lines in batches of 6, and no classifier of directions; no results are
written.

    images/s    from the first result to the last one
    first s     from the start of the process to the first result: imports, opening of the networks, one photograph
    CPU s       CPU time of an image, all threads, between the first result and the last one
    peak MB     largest resident memory of the process
    same texts  share of the texts that the first program with these weights reads in the same photograph, too: twice
                the common texts, divided by the texts of both
    same photos share of the photographs on which exactly its texts are read

The programs differ in what they do with what the network finds: boxes are expanded on whole pixels in RapidOCR, so
crops differ by a pixel, and texts sometimes too. Prints a table and one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START = time.perf_counter()  # of a worker, before its imports
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PEER = Path(__file__).parent / "peers" / "rapidocr_predict.py"
MINDOCR = Path(__file__).parent / "peers" / "mindocr_predict.py"
MINDOCR_WEIGHTS = "ppocr-v3"  # the only released weights that a network of MindOCR takes
TASKS = ("detect", "read")
# RapidOCR's thresholds
POSTPROCESS = {"binary_thresh": 0.3, "box_thresh": 0.5, "expand_ratio": 1.6, "dilation": True, "max_candidates": 1000}


def main() -> None:
    from mindocr.data.datasets.sources import find_images
    from mindocr.reading.weights import find_weights
    from mindocr.utils.logs import start_logging
    from mindocr.utils.progress import progress

    args = arguments()
    start_logging()
    paths = [str(path) for path in find_images(args.images)[: args.n]]
    programs = [[sys.executable, __file__, "--worker", w, r] for w in args.weights for r in args.runtimes]
    programs += [[python, str(PEER)] for python in args.peers]
    jobs = [(task, program) for task in args.tasks for program in programs]
    job: dict[str, Any] = {"paths": paths, "threads": args.threads}
    if args.mindocr and "detect" in args.tasks:
        jobs.append(("detect", [args.mindocr, str(MINDOCR)]))
        job["checkpoint"] = str(find_weights(MINDOCR_WEIGHTS, "det", "mindspore"))
    jobs *= args.rounds
    best: dict[tuple[str, ...], dict[str, Any]] = {}
    for task, program in progress(jobs, "predict", "run"):
        row = measure(program, {**job, "task": task})
        key = (task, *program)
        if key not in best or row["images/s"] > best[key]["images/s"]:
            best[key] = row
    rows = with_agreement(list(best.values()))
    line = {
        "benchmark": "predict",
        "images": len(paths),
        "threads": args.threads,
        "rounds": args.rounds,
        "results": rows,
    }
    if not args.json:
        print_table(line)
    print(json.dumps(line))


def arguments() -> argparse.Namespace:
    """The options.

    Raises:
        ConfigError: fewer than two photographs, or less than one round or thread, are asked for.
    """
    from mindocr.errors import ConfigError
    from mindocr.utils.parallel import usable_cpus

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", required=True, type=Path, metavar="DIR")
    parser.add_argument("--weights", nargs="*", default=["ppocr-v6-small", "ppocr-v3"], metavar="NAME")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--runtimes", nargs="+", choices=["onnxruntime", "mindspore"], default=["onnxruntime"])
    parser.add_argument("--peers", nargs="+", default=[], metavar="PYTHON", help="interpreters that have RapidOCR")
    parser.add_argument("--mindocr", metavar="PYTHON", help="interpreter that has MindOCR, which only detects")
    parser.add_argument("--n", type=int, default=200, help="number of photographs (200)")
    parser.add_argument("--threads", type=int, default=usable_cpus(), help="threads of a network (all usable CPUs)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each program runs (1)")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    args = parser.parse_args()
    for name, least in (("n", 2), ("threads", 1), ("rounds", 1)):
        if getattr(args, name) < least:
            raise ConfigError(f"--{name}: expected {least} or more, got {getattr(args, name)}")
    return args


def measure(command: list[str], job: dict[str, Any]) -> dict[str, Any]:
    """Run a program once; its row, with the texts of each photograph as ``texts``.

    Raises:
        ConfigError: the program cannot be started, or ends before its last result.
    """
    from mindocr.errors import ConfigError

    try:
        done = subprocess.run(command, input=json.dumps(job) + "\n", capture_output=True, text=True, check=False)
    except OSError as error:
        raise ConfigError(f"{command[0]}: {error.strerror}; name the interpreter of an environment") from None
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = [line for line in lines if "found" in line]
    if done.returncode or len(found) != len(job["paths"]):
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ConfigError(f"{' '.join(command)}: ended after {len(found)} results: {reason}")
    times = [line["seconds"] for line in found]
    return {
        "name": lines[0]["name"], "weights": lines[0]["weights"], "task": job["task"],
        "images/s": round((len(times) - 1) / (times[-1] - times[0]), 3), "first s": round(times[0], 2),
        "CPU s": round((found[-1]["cpu"] - found[0]["cpu"]) / (len(times) - 1), 3),
        "peak MB": round(lines[-1]["peak_mb"]), "boxes": sum(len(line["found"]) for line in found),
        "texts": [sorted(text for _, text in line["found"]) for line in found],
    }  # fmt: skip


def with_agreement(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with two shares in place of the texts, which are compared with those of the first such row."""
    first: dict[tuple[str, str], list[list[str]]] = {}
    for row in rows:
        texts = row.pop("texts")
        other = first.setdefault((row["weights"], row["task"]), texts)
        equal = sum(one == two for one, two in zip(texts, other)) / len(texts)
        common = sum((Counter(one) & Counter(two)).total() for one, two in zip(texts, other))
        every = sum(len(one) + len(two) for one, two in zip(texts, other))
        reads = row["task"] == "read"
        row["same texts"] = round(2 * common / max(every, 1), 3) if reads else None
        row["same photos"] = round(equal, 3) if reads else None
    return rows


def print_table(line: dict[str, Any]) -> None:
    """The rows, those with the same task and weights one below the other."""
    print(f"{line['images']} photographs, {line['threads']} threads, best of {line['rounds']}")
    names = ("images/s", "first s", "CPU s", "peak MB", "boxes", "same texts", "same photos")
    print(f"{'task':<8}{'weights':<16}{'program':<24}" + "".join(f"{name:>12}" for name in names))
    for row in sorted(line["results"], key=lambda row: (row["task"], row["weights"])):
        values = "".join(f"{'' if row[name] is None else row[name]:>12}" for name in names)
        print(f"{row['task']:<8}{row['weights']:<16}{row['name']:<24}{values}")


def work(weights: str, runtime: str) -> None:
    """Do a job that is read from standard input, as ``peers/rapidocr_predict.py`` does."""
    from mindocr.utils.memory import peak_memory

    job = json.loads(sys.stdin.readline())
    threads = job["threads"] if runtime == "onnxruntime" else None
    results = opened(job["task"], weights, runtime, threads)
    ready = time.perf_counter() - START
    print(json.dumps({"name": f"mindocr, {runtime}", "weights": weights, "ready": ready}), flush=True)
    for found in results(job["paths"]):
        now = {"seconds": time.perf_counter() - START, "cpu": time.process_time()}
        print(json.dumps({"found": found, **now}), flush=True)
    print(json.dumps({"peak_mb": peak_memory() / 2**20}), flush=True)


def opened(task: str, weights: str, runtime: str, threads: int | None) -> Any:
    """A function from paths to what is found in each: [[points, text], ...]."""
    if task == "read":
        from mindocr import TextReader

        reader = TextReader(weights, runtime=runtime, threads=threads, detection={"postprocess": POSTPROCESS})

        def read(paths: list[str]) -> Iterator[list[Any]]:
            for page in reader.pages(paths):
                yield [[line.polygon.tolist(), line.text] for line in page.lines]

        return read
    from mindocr import TextDetector
    from mindocr.reading.weights import find_weights

    detector = TextDetector(find_weights(weights, "det", runtime), threads=threads, postprocess=POSTPROCESS)

    def detect(paths: list[str]) -> Iterator[list[Any]]:
        for result in detector.stream(paths):
            if isinstance(result, Exception):
                raise result
            yield [[poly.tolist(), ""] for poly in result.polygons]

    return detect


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:4])
    else:
        from mindocr.cli.run import run_tool

        run_tool(main)
