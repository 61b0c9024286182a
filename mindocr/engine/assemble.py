"""From configuration to objects: the network and the loaders of each section."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mindspore import nn

from mindocr.config import Config
from mindocr.data.loader import Loader
from mindocr.engine.runtime import Runtime
from mindocr.models.builder import build_model
from mindocr.models.precision import set_precision
from mindocr.registry import DATASETS


def network(config: Config, *, training: bool, ckpt: str | Path | None = None) -> nn.Cell:
    """The detector in the precision of ``system.amp_level``, or ``amp_level_infer`` when not ``training``.

    Args:
        training: start from the pretrained weights that the configuration names.
        ckpt: load these weights instead, strictly.
    """
    detector = build_model(config.model.model_dump(), ckpt=ckpt, pretrained=None if training else False)
    set_precision(detector, config.system.amp_level if training else config.system.amp_level_infer)
    return detector


def train_loader(config: Config, place: Runtime) -> Loader:
    """Shuffled batches of this rank's share of ``train.dataset``."""
    section = config.train.loader
    dataset = _dataset(config.train.dataset, is_train=True, seed=config.system.seed)
    return Loader(
        dataset,
        batch_size=section.batch_size,
        shuffle=section.shuffle,
        drop_remainder=section.drop_remainder,
        num_workers=section.num_workers,
        prefetch=section.prefetch,
        seed=config.system.seed,
        rank=place.rank,
        world=place.world,
        refill=True,
    )


def eval_loader(config: Config) -> Loader:
    """Batches of ``eval.dataset`` in order; every image, whatever ``drop_remainder`` says."""
    section = config.eval.loader
    dataset = _dataset(config.eval.dataset, is_train=False, seed=config.system.seed)
    return Loader(dataset, batch_size=section.batch_size, num_workers=section.num_workers, prefetch=section.prefetch)


def _dataset(spec: Mapping[str, Any], *, is_train: bool, seed: int) -> Any:
    columns = list(spec.get("output_columns") or [])
    # The path is what every message about a sample names; it stays on the host.
    spec = {**spec, "output_columns": columns + [c for c in ("img_path",) if c not in columns]}
    return DATASETS.build(spec, key="type", is_train=is_train, seed=seed)
