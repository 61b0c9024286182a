"""Time and memory per image of a recipe's input pipeline, compared with the transforms of an installed MindOCR.

    python benchmarks/input_pipeline.py --config configs/det/dbnet/db_r50_icdar15.yaml --data_root DIR
        --label_file train_gt.txt --data_dir train [--split train|eval] [--n 200] [--cache none|ram|disk]
        [--workers 0|1|2] [--normalize device|host] [--peer PYTHON | --sources] [--json]
    python benchmarks/input_pipeline.py --task rec --config configs/rec/ppocr/ppocrv3_rec_mobile.yaml
        (--label_file rec_gt.txt --data_dir lines | --lmdb DIR) [--dictionary FILE] [--peer PYTHON] ...

Without workers, one process with one OpenCV thread prepares the images; times are CPU times (``process_time``), so that
other programs disturb them less. With ``--peer``, MindOCR's transforms run in another process on the same images, in
turn with ours. A cache is filled before the measurement. ``decode_ms`` is the time of decoding the files alone: the
lower limit for a pipeline without a cache. As in training, uint8 images are passed to the network and normalised in
its graph; ``--normalize host`` makes NormalizeImage and ToCHWImage part of the pipeline. With workers, the wall-clock
time of complete batches is measured.

``--task rec`` measures text recognition on images of single lines, from files or LMDB environments; without
``--dictionary`` texts are encoded as digits and letters. With ``--peer``, RecConAug is left out on both sides, as
MindOCR's data sets do not provide the further lines that its RecConAug reads.

With ``--sources``, the images are read from their files, from a MindRecord that is written into a temporary folder
before, and from memory, in turn; ``read_ms`` is the time of reading an image without decoding it.

Prints a table and one JSON line, with ``--json`` only the latter. ``peak_rss_mb`` is the largest resident memory of the
process, ``pipeline_mb`` the part of it that was added after all imports and the construction.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import rec_lines

from mindocr.cli.run import run_tool
from mindocr.config.compat import upgrade
from mindocr.config.read import resolve
from mindocr.data.loading.loader import Loader
from mindocr.data.loading.worker import keep_freed_memory
from mindocr.data.mindrecord_writer import write_mindrecord
from mindocr.data.transforms.layout import split_normalization
from mindocr.errors import ConfigError, UserError
from mindocr.images.read import read_file, read_image
from mindocr.registry import DATASETS

PEER = Path(__file__).parent / "peers" / "mindocr_pipeline.py"
ROUNDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, metavar="FILE")
    parser.add_argument("--data_root", default="", metavar="DIR")
    parser.add_argument("--task", choices=("det", "rec"), default="det")
    parser.add_argument("--label_file", metavar="FILE", help="relative to --data_root")
    parser.add_argument("--data_dir", metavar="DIR", help="relative to --data_root")
    parser.add_argument("--lmdb", default="", metavar="DIR", help="LMDB environments instead of files, with --task rec")
    parser.add_argument("--dictionary", default="", metavar="FILE", help="character dictionary, with --task rec")
    parser.add_argument("--split", choices=("train", "eval"), default="train")
    parser.add_argument("--n", type=int, default=200, help="number of images")
    parser.add_argument("--cache", choices=("none", "ram", "disk"), default="none")
    parser.add_argument("--cache_content", choices=("decoded", "encoded"), default="decoded")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--normalize", choices=("device", "host"), default="device",
                        help="where images are normalised, with --split train")  # fmt: skip
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter that has MindOCR, MindSpore and OpenCV")
    parser.add_argument("--sources", action="store_true", help="compare files, a MindRecord and the caches in memory")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    args = parser.parse_args()
    if args.n < 1:
        raise ConfigError(f"--n: expected 1 image or more, got {args.n}")
    if not (args.label_file and args.data_dir) and not (args.task == "rec" and args.lmdb):
        raise ConfigError("give --label_file and --data_dir, or with --task rec --lmdb")
    if args.sources and args.task == "rec":
        raise ConfigError("--sources compares sources of photographs; leave out --task rec")
    cv2.setNumThreads(1)
    if args.sources:
        compare_sources(args)
        return
    dataset, batch_size = build(args)
    line: dict[str, Any] = {"benchmark": "input_pipeline", "config": args.config, "split": args.split,
                            "cache": args.cache, "workers": args.workers, "normalize": place(args)}  # fmt: skip
    line.update(with_workers(dataset, batch_size, args) if args.workers else alone(dataset, args))
    if not args.json:
        print_table(line)
    print(json.dumps(line))


def build(args: argparse.Namespace, **changes: Any) -> tuple[Any, int]:
    """The data set of the recipe on the given files, and its batch size.

    Args:
        changes: values of the section of the data set; None removes a key.

    Raises:
        ConfigError: the recipe has no such split, or its data set cannot be built.
    """
    section = recipe(args)
    spec = {**section["dataset"], "dataset_root": args.data_root, "data_dir": args.data_dir, "cache": args.cache,
            "label_file": args.label_file, "cache_content": args.cache_content, **changes}  # fmt: skip
    if args.task == "rec":
        spec = rec_lines.our_dataset(spec, args.dictionary, args.lmdb, joined=not args.peer)
    spec = {key: value for key, value in spec.items() if value is not None}
    if place(args) == "device":
        spec["transform_pipeline"], _ = split_normalization(spec["transform_pipeline"])
    dataset = DATASETS.build(spec, key="type", is_train=args.split == "train", seed=0)
    return dataset, section.get("loader", {}).get("batch_size", 1)


def place(args: argparse.Namespace) -> str:
    """Where images are normalised; evaluation always normalises on the host, and so does recognition."""
    return args.normalize if args.split == "train" and args.task == "det" else "host"


def recipe(args: argparse.Namespace) -> dict[str, Any]:
    """The section of the split. Other sections are not checked, because that would load MindSpore."""
    section = upgrade(resolve(args.config, [])).values.get(args.split)
    if not section:
        raise ConfigError(f"{args.config}: has no section {args.split}; choose another --split")
    return section


def alone(dataset: Any, args: argparse.Namespace) -> dict[str, Any]:
    """Measure one process, in turn with the peer if there is one."""
    keep_freed_memory()
    indices = [i % len(dataset) for i in range(args.n)]
    if args.cache != "none":
        for i in set(indices):
            dataset.get(i)
    peer = Peer(args.peer, dataset, indices, args) if args.peer else None
    start = memory_mb("VmRSS")
    dataset.get(indices[0], epoch=1)
    dataset.pipeline.seconds = seconds = {}
    dataset.pipeline.clock = time.process_time
    times: list[float] = []
    theirs: list[dict[str, Any]] = []
    bounds = [round(i * args.n / min(ROUNDS, args.n)) for i in range(min(ROUNDS, args.n) + 1)]
    for first, last in zip(bounds, bounds[1:]):
        for i in indices[first:last]:
            begin = time.process_time()
            dataset.get(i, epoch=2)
            times.append(time.process_time() - begin)
        if peer:
            theirs.append(peer.run(first, last))
    peak = memory_mb("VmHWM")
    line = {
        **summary(times, seconds),
        "decode_ms": round(statistics.median(decode_times(dataset, indices)), 3),
        "peak_rss_mb": round(peak, 1),
        "pipeline_mb": round(peak - start, 1),
    }
    return {**line, **peer.finish(theirs, line)} if peer else line


def compare_sources(args: argparse.Namespace) -> None:
    """Measure all sources of images, each in turn for a part of the images, and print a table and a JSON line."""
    keep_freed_memory()
    with TemporaryDirectory() as folder:
        record = Path(folder) / "images.mindrecord"
        plain, _ = build(args, cache="none")
        spec = {**recipe(args)["dataset"], "dataset_root": args.data_root, "data_dir": args.data_dir}
        write_mindrecord({**spec, "label_file": args.label_file}, record)
        inside = {"type": "MindRecordDataset", "samples_of": spec["type"], "data_dir": str(record.resolve()),
                  "dataset_root": "", "label_file": None, "cache": "none"}  # fmt: skip
        sources = {
            "files": plain,
            "MindRecord": build(args, **inside)[0],
            "cache: ram, encoded": build(args, cache="ram", cache_content="encoded")[0],
            "cache: ram, decoded": build(args, cache="ram", cache_content="decoded")[0],
        }
        rows = measure_sources(sources, args.n)
    if not args.json:
        print(f"{'source of images':<22}{'ms/image':>10}{'wall ms':>10}{'read_ms':>10}{'speed':>8}")
        for name, row in rows.items():
            print(f"{name:<22}" + "".join(f"{row[key]:>{width}.2f}" for key, width in
                                          (("ms", 10), ("wall_ms", 10), ("read_ms", 10), ("speed", 8))))  # fmt: skip
    print(json.dumps({"benchmark": "image_sources", "config": args.config, "images": args.n, "sources": rows}))


def measure_sources(sources: dict[str, Any], count: int) -> dict[str, dict[str, float]]:
    """CPU time and time of a sample, time of reading its image, and the speed as a multiple of that of the files."""
    for dataset in sources.values():
        for i in range(min(count, len(dataset))):
            dataset.get(i)
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in sources}
    for i in range(count):
        for name, dataset in sources.items():
            index = i % len(dataset)
            begin, wall = time.process_time(), time.perf_counter()
            dataset.get(index, epoch=2)
            end, wall_end = time.process_time(), time.perf_counter()
            if dataset.pipeline.ops[0].cache is None:
                read_file(dataset.records[index].img_path)
            times[name].append((end - begin, wall_end - wall, time.perf_counter() - wall_end))
    means = {name: [1000 * statistics.mean(column) for column in zip(*rows)] for name, rows in times.items()}
    first = next(iter(means.values()))[0]
    return {
        name: {"ms": round(ms, 3), "wall_ms": round(wall, 3), "read_ms": round(read, 3), "speed": round(first / ms, 2)}
        for name, (ms, wall, read) in means.items()
    }


class Peer:
    """MindOCR's transforms in another process, started in a folder in which our package is not found."""

    def __init__(self, python: str, dataset: Any, indices: list[int], args: argparse.Namespace) -> None:
        section = recipe(args)["dataset"]
        records = [dataset.records[i] for i in indices]
        if args.task == "rec":
            pipeline, columns = rec_lines.their_pipeline(section["transform_pipeline"], args.dictionary)
            images = list(rec_lines.their_samples(records, args.lmdb))
        else:
            pipeline = [op if isinstance(op, dict) else {op: None} for op in section["transform_pipeline"]]
            columns = section["output_columns"]
            images = [(str(Path(record.img_path).resolve()), record.content) for record in records]
        job = {"task": args.task, "pipeline": pipeline, "columns": columns, "is_train": args.split == "train",
               "images": images, "lmdb": bool(args.lmdb)}  # fmt: skip
        self.python = python
        try:
            self.process = subprocess.Popen([python, "-I", str(PEER)], cwd=PEER.parent, text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        except OSError as error:
            raise UserError(f"--peer {python}: cannot be started: {error.strerror}") from None
        self.first = self.ask(job)
        self.run(0, 1)

    def run(self, first: int, last: int) -> dict[str, Any]:
        """Let it prepare the images ``first`` to ``last`` (exclusive)."""
        return self.ask([first, last])

    def ask(self, message: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        answer = ""
        try:
            print(json.dumps(message), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            pass
        if not answer:
            raise UserError(f"--peer {self.python}: MindOCR's transforms do not run there; see its message above")
        return json.loads(answer)

    def finish(self, rounds: list[dict[str, Any]], ours: dict[str, Any]) -> dict[str, Any]:
        """Its results, with the names of our results and the prefix ``peer_``, and the ratio of both speeds."""
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait()
        seconds = {name: sum(r["ops"][name] for r in rounds) for name in rounds[0]["ops"]}
        theirs = summary([t for r in rounds for t in r["times"]], seconds)
        peak = rounds[-1]["peak_mb"]
        theirs.update(peak_rss_mb=round(peak, 1), pipeline_mb=round(peak - self.first["start_mb"], 1))
        return {
            "peer": f"MindOCR {self.first['version']}",
            **{f"peer_{name}": value for name, value in theirs.items()},
            "ratio": round(ours["images_per_s"] / theirs["images_per_s"], 2),
        }


def with_workers(dataset: Any, batch_size: int, args: argparse.Namespace) -> dict[str, Any]:
    """Measure workers and batches, as in training; the first epoch starts the workers and is not measured."""
    with Loader(dataset, batch_size=min(batch_size, len(dataset)), shuffle=True, num_workers=args.workers) as loader:
        list(map(len, loader.epoch(0)))
        begin, made, epoch = time.perf_counter(), 0, 1
        while made < args.n:
            for batch in loader.epoch(epoch):
                made += len(next(iter(batch.values())))
            epoch += 1
        seconds = time.perf_counter() - begin
        return {
            "images": made,
            "images_per_s": round(made / seconds, 2),
            "ms_median": round(1000 * seconds / made, 3),
            "ms_per_op": {},
            "peak_rss_mb": round(memory_mb("VmHWM"), 1),
            "used_workers": loader.num_workers,
        }


def summary(times: list[float], seconds: dict[str, float]) -> dict[str, Any]:
    return {
        "images": len(times),
        "images_per_s": round(len(times) / sum(times), 2),
        "ms_mean": round(1000 * statistics.mean(times), 3),
        "ms_median": round(1000 * statistics.median(times), 3),
        "ms_per_op": {name: round(1000 * value / len(times), 3) for name, value in seconds.items()},
    }


def decode_times(dataset: Any, indices: list[int]) -> list[float]:
    """Milliseconds for reading and decoding each file."""
    times = []
    for i in indices:
        begin = time.process_time()
        read_image(dataset.records[i].img_path)
        times.append(1000 * (time.process_time() - begin))
    return times


def memory_mb(name: str) -> float:
    """Resident memory of this process: ``VmRSS`` now, ``VmHWM`` maximum. NaN if the system does not report it."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), float("nan"))


def print_table(line: dict[str, Any]) -> None:
    sides = ["", "peer_"] if "peer" in line else [""]
    print(f"{line['config']} {line['split']}, cache {line['cache']}, {line['images']} images")
    print(f"{'milliseconds per image':<28}" + "".join(f"{side:>12}" for side in ["mindocr", line.get("peer", "")]))
    names = list(dict.fromkeys(name for side in sides for name in line[f"{side}ms_per_op"]))
    for name in names:
        print(f"{name:<28}" + "".join(f"{line[f'{side}ms_per_op'].get(name, 0):>12.2f}" for side in sides))
    for key in ("ms_median", "images_per_s", "peak_rss_mb", "pipeline_mb"):
        if key in line:
            print(f"{key:<28}" + "".join(f"{line[side + key]:>12.2f}" for side in sides))
    for key in ("decode_ms", "ratio"):
        if key in line:
            print(f"{key:<28}{line[key]:>12.2f}")


if __name__ == "__main__":
    run_tool(main)
