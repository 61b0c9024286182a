"""Long training and evaluation do not grow: 500 steps and three evaluations in a process of their own."""

import subprocess
from pathlib import Path
from statistics import median

import pytest
from runs import HERE, ROOT, Run

from mindocr.synthetic import SceneOptions, SetPlan, write_set

STEPS_AN_EPOCH, EPOCHS = 20, 25
ALLOWED = 0.02  # growth after the first evaluation
SOME = 20  # steps whose median is compared


@pytest.mark.slow
def test_memory_stays_level(tmp_path):
    data = tmp_path / "data"
    options = SceneOptions(image_size=(96, 96), difficulty="easy")
    write_set(SetPlan(data, train=STEPS_AN_EPOCH, test=10, options=options, seed=3, progress=False))
    run = Run(tmp_path / "run", data, [
        "train.loader.batch_size=1", f"scheduler.num_epochs={EPOCHS}", "scheduler.warmup_epochs=0",
        "system.val_start_epoch=5", "system.val_interval=10", "train.resume=null",
    ])  # fmt: skip
    command = run.command()
    command[1] = str(HERE / "measured_training.py")
    done = subprocess.run(command, cwd=ROOT, env=run.environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    steps, evaluations = read(run.folder / "notes")
    assert (len(steps), len(evaluations)) == (STEPS_AN_EPOCH * EPOCHS, 3)
    first = median(steps[100 : 100 + SOME])
    last = median(steps[-SOME:])
    told = f"resident memory {first / 1e6:.1f} MB after 100 steps, {last / 1e6:.1f} MB after {len(steps)}"
    print(told)
    assert last <= first * (1 + ALLOWED), told
    assert evaluations[2] <= evaluations[0] * (1 + ALLOWED), evaluations


def read(notes: Path) -> tuple[list[int], list[int]]:
    """Bytes after each step and after each evaluation."""
    found: dict[str, list[int]] = {"step": [], "evaluation": []}
    for line in notes.read_text().splitlines():
        word, _, size = line.split()
        found[word].append(int(size))
    return found["step"], found["evaluation"]
