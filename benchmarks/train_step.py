"""Time and memory of a training step of several recipes, each in a process of its own, on one data set.

    python benchmarks/train_step.py --data_dir IMAGES --label_file LABELS
        [--recipes ctpn_vgg16_icdar13 db_r18_icdar15 db_r50_icdar15 dbpp_r50_icdar15] [--batch 1] [--steps 6] [--json]

The networks start from random weights and train at the size of their recipes. ``first`` is the first step, in which
the network is compiled; ``step`` is the median time of the others; memory is the peak of the process. Prints a table
and one JSON line, with ``--json`` only the latter.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mindocr.cli.run import run_tool
from mindocr.errors import UserError

RECIPES = ("ctpn_vgg16_icdar13", "db_r18_icdar15", "db_r50_icdar15", "dbpp_r50_icdar15")
COLUMNS = {
    "recipe": "recipe", "size": "input (h, w)", "parameters": "parameters", "first": "first, s", "step": "step, ms",
    "memory": "memory, MB",
}  # fmt: skip


def measure(recipe: str, data_dir: str, label_file: str, batch: int, steps: int) -> dict[str, Any]:
    """Train a recipe for some steps in this process."""
    from mindocr.config import load_config
    from mindocr.engine.train import trainer
    from mindocr.engine.train.step import TrainStep

    seconds: list[float] = []
    shapes: list[tuple[int, ...]] = []
    parameters: list[int] = []
    call = TrainStep.__call__

    def timed(self: Any, *inputs: Any) -> Any:
        start = time.perf_counter()
        outcome = call(self, *inputs)
        outcome[0].asnumpy()  # the step has ended when its loss is known
        seconds.append(time.perf_counter() - start)
        shapes.append(inputs[0].shape)
        parameters.append(sum(parameter.size for parameter in self.optimizer.parameters))
        return outcome

    TrainStep.__call__ = timed
    with tempfile.TemporaryDirectory() as folder:
        data = {"dataset_root": ".", "data_dir": str(Path(data_dir).resolve()),
                "label_file": str(Path(label_file).resolve())}  # fmt: skip
        overrides = [f"train.dataset.{key}={value}" for key, value in data.items()]
        overrides += ["train.dataset.type=DetDataset", "train.dataset.sample_ratio=1.0", "model.pretrained=null"]
        overrides += ["model.backbone.pretrained=False", "system.val_while_train=False", f"train.max_steps={steps}"]
        overrides += [f"train.loader.batch_size={batch}", "train.loader.num_workers=1", f"train.ckpt_save_dir={folder}"]
        trainer.run(load_config(recipe, overrides))
    shape = shapes[-1]
    size = shape[2:] if shape[1] == 3 else shape[1:3]  # images may come as (N, H, W, 3)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"recipe": recipe, "size": list(size), "parameters": parameters[-1], "first": round(seconds[0], 1),
            "step": round(statistics.median(seconds[1:]) * 1e3), "memory": round(memory)}  # fmt: skip


def measured_apart(recipe: str, args: argparse.Namespace) -> dict[str, Any]:
    """The same in another process, so that peaks of memory are those of one recipe."""
    options = {"data_dir": args.data_dir, "label_file": args.label_file, "batch": args.batch, "steps": args.steps}
    words = [f"--{key}={value}" for key, value in options.items()]
    command = [sys.executable, __file__, *words, "--recipes", recipe, "--here"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{recipe}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'it failed'}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_dir", required=True)
    parser.add_argument("--label_file", required=True)
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.steps < 2:
        raise UserError("--steps: 2 or more are needed, the first step compiles the network")
    if args.here:
        print(json.dumps(measure(args.recipes[0], args.data_dir, args.label_file, args.batch, args.steps)))
        return
    rows = []
    for recipe in args.recipes:
        rows.append(measured_apart(recipe, args))
        print(f"measured {recipe}", file=sys.stderr)
    if not args.json:
        print("| " + " | ".join(COLUMNS.values()) + " |\n" + "|---" * len(COLUMNS) + "|")
        for row in rows:
            print("| " + " | ".join(str(row[key]) for key in COLUMNS) + " |")
    print(json.dumps({"batch": args.batch, "steps": args.steps, "rows": rows}))


if __name__ == "__main__":
    run_tool(main)
