"""Kill a run at every point, in both formats, on one and two ranks, resume it, and compare with an undisturbed run.

    python tests/e2e/kill_matrix.py FOLDER [--ranks 1 2]

Run it by hand, because it takes minutes. It prints a table in Markdown. Each cell is one kill of a run of 15
steps: the steps that had to be repeated, and the final differences from the run without a kill (losses of all steps,
weights, optimizer, table, files).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from runs import Run, differences, write_data

OPTIONS = (
    "train.gradient_accumulation_steps=2",
    "train.ema=True",
    "loss_scaler={type: dynamic, loss_scale: 8.0, scale_window: 4}",
    "train.save_interval_steps=2",
)
POINTS = {
    "between two steps": "step:7",
    "half of the state is written": "half of the state:4",
    "the state is written, not flushed": "state not flushed:4",
    "the state is flushed, not renamed": "state not renamed:4",
    "the old state is renamed, the new one not": "between two renames:3",
    "half of an epoch's weights is written": "half of the weights:2",
    "half of the best weights is written": "half of the best:1",
    "in an evaluation": "evaluation:4",
    "before the table's line": "table:2",
    "after the table's line, before the state": "after the table:2",
}


def cell(folder: Path, data: Path, kill: str, format: str, ranks: int, whole: Run, port: int) -> str:
    """The outcome of one kill."""
    run = Run(folder, data, whole.options, ranks=ranks, port=port)
    code = run.finish(kill)
    before = len(run.steps())
    if code == 0:
        return "the run was not killed"
    if run.finish() != 0:
        return "cannot go on: " + run.messages[-1].strip().splitlines()[-1]
    found = differences(whole, run)
    again = len(run.steps()) - len(set(run.steps()))
    return f"{'; '.join(found) or 'identical'}, killed after {before} steps, {again} made again"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder for all runs")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1])
    args = parser.parse_args()
    data, port = write_data(args.folder / "data"), 8400
    columns = [(format, ranks) for ranks in args.ranks for format in ("ckpt", "safetensors")]
    whole = {}
    for format, ranks in columns:
        options = (*OPTIONS, f"train.ckpt_format={format}", *([] if ranks == 1 else ["scheduler.num_epochs=7"]))
        whole[format, ranks] = Run(args.folder / f"whole_{format}_{ranks}", data, options, ranks=ranks, port=port)
        if whole[format, ranks].finish() != 0:
            sys.exit(whole[format, ranks].messages[-1])
        port += 2
    print("| killed | " + " | ".join(f".{format}, {ranks} rank{'s' * (ranks > 1)}" for format, ranks in columns) + " |")
    print("|---|" + "---|" * len(columns))
    for number, (name, kill) in enumerate(POINTS.items()):
        cells = []
        for format, ranks in columns:
            folder = args.folder / f"{format}_{ranks}_{number}"
            cells.append(cell(folder, data, kill, format, ranks, whole[format, ranks], port))
            port += 2
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
