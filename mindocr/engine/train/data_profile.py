"""``mindocr train --profile-data``: what the training pipeline of a configuration costs, and what to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.data.loading.profile import advice, as_table, profile, read_need
from mindocr.engine.runtime import build, process
from mindocr.engine.train.loggers.csv import CSV_NAME
from mindocr.inference import dictionary
from mindocr.utils.parallel import usable_cpus


def run(config: Config, images: int) -> None:
    """Print milliseconds per op of the training pipeline, then advice; nothing is trained or written.

    Args:
        config: its ``train`` section is profiled; an earlier run in ``train.ckpt_save_dir`` shows how fast training is.
        images: how many to time, at least 1.

    Raises:
        DataError: an image or a label file cannot be used.
    """
    process.start_logging()
    config = dictionary.complete(config, dictionary.pretrained_of(config), "model.pretrained")
    with build.train_loader(config, process.ALONE) as loader:
        dataset: Any = loader.dataset
        found = profile(dataset, images)
        lines = advice(
            found,
            workers=loader.num_workers,
            cores=usable_cpus(),
            cache=config.train.dataset.get("cache", "none"),
            need=read_need(Path(config.train.ckpt_save_dir) / CSV_NAME),
        )
    print(as_table(found))
    print("\n".join(f"- {line}" for line in lines))
