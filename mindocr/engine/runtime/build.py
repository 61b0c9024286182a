"""From configuration to objects: the network and the loaders of each section."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mindspore import nn

from mindocr.config import Config
from mindocr.config.schema import Model
from mindocr.data.datasets.base import ImageDataset, provided_keys_of
from mindocr.data.loading.loader import Loader
from mindocr.data.transforms.layout import NormalizeImage, split_normalization
from mindocr.engine.runtime.new_dictionary import adapter
from mindocr.engine.runtime.process import Runtime
from mindocr.errors import ConfigError
from mindocr.models.builder import build_model
from mindocr.models.frozen_norm import freeze_batch_norms
from mindocr.models.normalize import Normalize
from mindocr.models.precision import set_precision
from mindocr.models.sync_batch_norm import synchronise
from mindocr.registry import DATASETS

logger = logging.getLogger(__name__)


def network(
    config: Config, *, training: bool, ckpt: str | Path | None = None, pretrained: bool = True, world: int = 1
) -> nn.Cell:
    """The network in the precision of ``system.amp_level``, or ``amp_level_infer`` when not ``training``.

    Args:
        training: build all networks of ``model.networks``, and start from the pretrained weights that the configuration
            names; otherwise build the one that is used.
        ckpt: load these weights instead, strictly.
        pretrained: False loads no pretrained weights, for a resumed run: its saved state contains the weights.
        world: ranks that train it together.
    """
    _check_quantization(config, training, training and pretrained)
    wanted = None if training and pretrained else False
    adapt = adapter(config) if training and pretrained else None
    built = build_model(config.model.model_dump(), ckpt=ckpt, pretrained=wanted, training=training, adapt=adapt)
    set_precision(built, config.system.amp_level if training else config.system.amp_level_infer)
    if training and config.train.norm_layers.frozen:
        _freeze_batch_norms(config, built)
    if training and world > 1 and config.system.sync_batch_norm:
        synchronise(built, world)
    return built


def _check_quantization(config: Config, training: bool, starts: bool) -> None:
    if config.model.quantization is None:
        return
    if starts and not config.model.pretrained:
        raise ConfigError(
            "model.quantization: quantisation is asked of a network that is not trained; set model.pretrained to its "
            "weights, or train it without this section first"
        )
    level = config.system.amp_level if training else config.system.amp_level_infer
    if level != "O0":
        key = "amp_level" if training else "amp_level_infer"
        raise ConfigError(f"system.{key}: {level}; a network with model.quantization computes in float32: set O0")


def _freeze_batch_norms(config: Config, network: nn.Cell) -> None:
    section = config.train.norm_layers
    if not starts_from_weights(config.model):
        raise ConfigError(
            "train.norm_layers.frozen: statistics are kept only where training starts from weights; set "
            "model.pretrained, or leave this key out"
        )
    number = freeze_batch_norms(network, section.frozen, section.affine)
    trained = "their factors and offsets are trained" if section.affine else "nor are their factors and offsets trained"
    logger.info("the statistics of %d BatchNorms stay as they are; %s", number, trained)


def starts_from_weights(model: Model) -> bool:
    """Whether a network that is trained starts from pretrained weights."""
    networks = [n for n in model.networks.values() if not n.frozen] if model.networks else [model]
    return any(network.pretrained or (network.backbone or {}).get("pretrained") for network in networks)


def input_layer(config: Config) -> nn.Cell | None:
    """The layer that normalises training images on the device; None where the pipeline normalises them."""
    _, op = _without_normalization(config)
    return None if op is None else Normalize(op.mean, op.std, op.swap)


def _without_normalization(config: Config) -> tuple[list[Any], NormalizeImage | None]:
    ops = config.train.dataset.get("transform_pipeline") or []
    return split_normalization(ops) if config.train.normalize_on_device else (ops, None)


def train_loader(config: Config, place: Runtime) -> Loader:
    """Shuffled batches of this rank's share of ``train.dataset``; :func:`input_layer` takes the images.

    Raises:
        ConfigError: sink mode, and batches of several shapes.
        DataError: the data cannot be used.
    """
    section = config.train.loader
    ops, _ = _without_normalization(config)
    spec = {**config.train.dataset, "transform_pipeline": ops}
    dataset = _dataset(spec, is_train=True, seed=config.system.seed)
    if isinstance(dataset, ImageDataset):
        dataset.epochs = config.scheduler.num_epochs
    loader = Loader(
        dataset,
        batch_size=section.batch_size,
        shuffle=section.shuffle,
        sampler=section.sampler,
        drop_remainder=section.drop_remainder,
        num_workers=section.num_workers,
        prefetch=section.prefetch,
        seed=config.system.seed,
        rank=place.rank,
        world=place.world,
        refill=True,
    )
    if config.train.dataset_sink_mode and place.device == "Ascend" and loader.sampler.image_sizes(0) is not None:
        raise ConfigError(
            "train.dataset_sink_mode: the device's queue holds batches of one shape, and train.loader.sampler "
            f"{type(loader.sampler).__name__} makes several; set train.dataset_sink_mode: False"
        )
    return loader


def training_dataset(config: Config) -> Any:
    """The data set of training, whose pipeline normalises the images too, for a look at it by a trained network."""
    return _dataset(config.train.dataset, is_train=True, seed=config.system.seed)


def eval_loader(config: Config, rank: int = 0, world: int = 1, columns: Sequence[str] = ()) -> Loader:
    """Batches of this rank's share of ``eval.dataset``, in order.

    Args:
        columns: keys that samples have besides ``output_columns``, as far as the data set provides them.
    """
    assert config.eval is not None  # the callers check
    section = config.eval.loader
    return Loader(
        _dataset(config.eval.dataset, is_train=False, seed=config.system.seed, more=columns),
        batch_size=section.batch_size,
        num_workers=section.num_workers,
        prefetch=section.prefetch,
        rank=rank,
        world=world,
    )


def _dataset(spec: Mapping[str, Any], *, is_train: bool, seed: int, more: Sequence[str] = ()) -> Any:
    columns = list(spec.get("output_columns") or [])
    provided = provided_keys_of(spec) if more else ()
    # Every message about a sample names its path, so the path is always loaded; it stays on the host.
    wanted = ("img_path", *(column for column in more if column in provided))
    spec = {**spec, "output_columns": columns + [c for c in wanted if c not in columns]}
    return DATASETS.build(spec, key="type", is_train=is_train, seed=seed)
