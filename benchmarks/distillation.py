"""Score of a text detector that learns alone and with companions and a teacher, for the same steps and several seeds.

    python benchmarks/distillation.py --data_root demo/data --teacher demo/train/best.ckpt
        [--steps 300] [--seeds 1 2 3] [--alone RECIPE] [--taught RECIPE] [-o KEY=VALUE ...] [--json]

``--data_root`` is a folder of ``tools/make_synthetic.py``; ``--teacher`` the checkpoint of the frozen network. Every
run has a process of its own, and is evaluated once, at its end, on the test images. Both recipes see the same batches
for a seed. "Loss" is the loss of the labels of the network in use, mean over the last epoch; it compares recipes also
where the score is still 0. The table has a row for each run and the mean and the standard deviation over the seeds; one
JSON line follows, with ``--json`` only the latter.
"""

import argparse
import csv
import json
import math
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

SCORES = ("recall", "precision", "f-score")
TERMS = ("bce", "l1", "dice")  # of DBLoss
RECIPES = Path(__file__).resolve().parents[1] / "configs/det/ppocr"


def measure(recipe: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Train a recipe in this process and evaluate it once."""
    from mindocr.config import load_config
    from mindocr.engine.train import trainer

    root = Path(options.data_root).resolve()
    overrides = [f"{section}.dataset.dataset_root={root}" for section in ("train", "eval")]
    overrides += [f"system.seed={seed}", "train.loggers=[csv]", *options.opt]
    networks = load_config(recipe).model.networks or {}
    teachers = [name for name, each in networks.items() if each.frozen]
    overrides += [f"model.networks.{name}.pretrained={Path(options.teacher).resolve()}" for name in teachers]
    plain = load_config(recipe, overrides)
    images = sum(1 for line in (root / plain.train.dataset["label_file"]).open(encoding="utf-8") if line.strip())
    steps = images // plain.train.loader.batch_size
    epochs = math.ceil(options.steps / steps)
    with tempfile.TemporaryDirectory() as folder:
        length = [f"scheduler.num_epochs={epochs}", f"scheduler.decay_epochs={options.steps / steps}"]
        length += [f"system.val_start_epoch={epochs}", f"train.max_steps={options.steps}"]
        config = load_config(recipe, [*overrides, *length, f"train.ckpt_save_dir={folder}"])
        start = time.perf_counter()
        result = trainer.run(config)
        seconds = time.perf_counter() - start
        with (Path(folder) / "performance.csv").open(encoding="utf-8", newline="") as file:
            last = list(csv.DictReader(file))[-1]
    own = f"{config.model.use}." if networks else ""
    scores = {name: float(result.scores[name]) for name in SCORES}
    loss = sum(float(last[f"{own}{term}"]) for term in TERMS)
    return {"recipe": Path(recipe).stem, "seed": seed, **scores, "loss": loss, "seconds": seconds}


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of the f-score of each recipe over its seeds, and its mean loss."""
    made: dict[str, dict[str, float]] = {}
    for recipe in dict.fromkeys(row["recipe"] for row in rows):
        values = [row["f-score"] for row in rows if row["recipe"] == recipe]
        loss = statistics.fmean(row["loss"] for row in rows if row["recipe"] == recipe)
        made[recipe] = {"mean": statistics.fmean(values), "std": statistics.pstdev(values), "loss": loss}
    return made


def as_table(rows: list[dict[str, Any]]) -> str:
    """A row for each run, then one for each recipe."""
    lines = ["| recipe | seed | recall | precision | f-score | loss | seconds |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        scores = " | ".join(f"{row[name]:.4f}" for name in SCORES)
        lines.append(f"| {row['recipe']} | {row['seed']} | {scores} | {row['loss']:.3f} | {row['seconds']:.0f} |")
    for recipe, made in summary(rows).items():
        lines.append(f"| {recipe} | all | | | {made['mean']:.4f} ± {made['std']:.4f} | {made['loss']:.3f} | |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_root", required=True)
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--alone", default=str(RECIPES / "ppocr_det_synthetic.yaml"))
    parser.add_argument("--taught", default=str(RECIPES / "ppocr_det_cml_synthetic.yaml"))
    parser.add_argument("-o", "--opt", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--one", nargs=2, metavar=("RECIPE", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]), options)))
        return
    for path in (options.data_root, options.teacher):
        if not Path(path).exists():
            raise UserError(f"{path}: no such file or folder; 'make demo' makes images and trains the teacher")
    rows = []
    for seed in options.seeds:
        for recipe in (options.alone, options.taught):
            command = [sys.executable, __file__, *sys.argv[1:], "--one", recipe, str(seed)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
            if done.returncode:
                raise UserError(f"{recipe}, seed {seed}: the run failed with exit code {done.returncode}, see above")
            rows.append(json.loads(done.stdout.splitlines()[-1]))
    if not options.json:
        print(as_table(rows))
    print(json.dumps({"steps": options.steps, "runs": rows, "f-score": summary(rows)}))


if __name__ == "__main__":
    run_tool(main)
