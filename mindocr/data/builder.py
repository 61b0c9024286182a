"""Building a data set and its loader from two sections of a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mindocr.data.loading.loader import Loader
from mindocr.errors import ConfigError
from mindocr.registry import DATASETS, suggest

_LOADER_KEYS = ("batch_size", "shuffle", "drop_remainder", "num_workers", "prefetch", "sampler")


def build_dataset(
    dataset_config: Mapping[str, Any],
    loader_config: Mapping[str, Any] | Iterable[tuple[str, Any]],
    num_shards: int | None = None,
    shard_id: int | None = None,
    is_train: bool = True,
    seed: int = 0,
) -> Loader:
    """Build a data set and the loader that yields its batches.

    The arguments are those of MindOCR's function of the same name. The result is no ``mindspore.dataset``:
    ``len(loader)`` is the number of batches, and ``loader.epoch(n)`` yields the batches of an epoch, as mappings from
    column to array.

    Args:
        dataset_config: ``train.dataset`` or ``eval.dataset`` of a configuration.
        loader_config: ``train.loader`` or ``eval.loader``.
        num_shards, shard_id: use only every ``num_shards``-th sample, beginning with number ``shard_id``.
        is_train: whether the data are for training.
        seed: seed of the order of samples and of random ops.

    Raises:
        ConfigError: an unknown name or key, or invalid values.
        DataError: a label file or an image is missing or cannot be read.
    """
    options = dict(loader_config)
    if unknown := [key for key in options if key not in _LOADER_KEYS]:
        raise ConfigError(
            f"loader.{unknown[0]}: unknown key{suggest(unknown[0], _LOADER_KEYS)}; load_config(FILE) translates "
            "the keys of MindOCR's files"
        )
    dataset = DATASETS.build(dataset_config, key="type", is_train=is_train, seed=seed)
    return Loader(dataset, seed=seed, rank=shard_id or 0, world=num_shards or 1, refill=is_train, **options)
