"""The complete pruning: weights, sensitivity, the smaller network, its checkpoint, the recipe that trains it again."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np

from mindocr.config import Config, load_config, save_config
from mindocr.config.check import check_for
from mindocr.config.compat import upgrade
from mindocr.config.schema import System
from mindocr.engine.evaluate.evaluator import Evaluator, build_evaluator
from mindocr.engine.export import checkpoint_file
from mindocr.engine.prune.sensitivity import PICTURE, TABLE, analyse
from mindocr.engine.runtime import process
from mindocr.errors import CheckpointError, ConfigError, UserError
from mindocr.inference import metadata
from mindocr.inference.checkpoint import find_weights
from mindocr.models.builder import build_model
from mindocr.models.ckpt_entries import MODEL_KEY, RUN_ENTRY, SETTINGS_ENTRY, unpack
from mindocr.models.network import Network
from mindocr.models.precision import set_precision
from mindocr.models.pruning.cost import HEIGHT, WIDTH, multiply_adds
from mindocr.models.pruning.layout import Layer, find_layers, with_widths
from mindocr.models.pruning.prune import Arrays, check_ratio, check_trained, kept_masks, removed, silenced
from mindocr.models.weights import load_weights, read_checkpoint
from mindocr.registry import DATASETS

logger = logging.getLogger(__name__)

WEIGHTS, RECIPE = "pruned.ckpt", "pruned.yaml"
_PARTS = ("backbone", "neck", "head")


@dataclass(frozen=True)
class Options:
    """How to prune; either ``ratio`` or ``max_loss`` is given.

    Attributes:
        ratio: share of the channels that every layer loses.
        max_loss: loss of the score that one layer alone may cause.
        number: most images to measure the loss on.
        multiple: numbers of channels are rounded up to its multiples.
        overrides: as after ``-o``.
    """

    ratio: float | None = None
    max_loss: float | None = None
    number: int = 100
    multiple: int = 1
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class Pruned:
    """A written network.

    Attributes:
        folder: of its files.
        layers: name -> numbers of channels before and after.
        parameters: numbers of values before and after.
        operations: multiply-add operations before and after, see :func:`multiply_adds`.
        sizes: of the weights in bytes, before and after, as checkpoints.
        score: name, score of the network as it was and of the pruned one before it is trained again; None unless the
            loss was measured.
    """

    folder: Path
    layers: Mapping[str, tuple[int, int]]
    parameters: tuple[int, int]
    operations: tuple[int | None, int | None]
    sizes: tuple[int, int]
    score: tuple[str, float, float] | None = None

    def summary(self) -> str:
        """The result in a few lines."""
        width = max(len(name) for name in self.layers)
        lines = [f"  {name:<{width}} {before:>4} -> {after}" for name, (before, after) in self.layers.items()]
        table = [_row("parameters (million)", self.parameters, 1e6), _row("weights (MB)", self.sizes, 1e6)]
        if None not in self.operations:
            table.append(_row(f"multiply-adds at 3x{HEIGHT}x{WIDTH} (million)", self.operations, 1e6))
        if self.score is not None:
            name, before, after = self.score
            table.append(f"{name}: {before:.4f} -> {after:.4f}, not yet trained again")
        recipe = shlex.quote(str(self.folder / RECIPE))
        return "\n".join([
            "channels:", *lines, *table,
            f"{self.folder / WEIGHTS}: the pruned network; it must be trained again: mindocr train -c {recipe}",
        ])  # fmt: skip


def _row(title: str, numbers: tuple[Any, Any], unit: float) -> str:
    before, after = numbers
    return f"{title}: {before / unit:.2f} -> {after / unit:.2f} ({after / before - 1:+.0%})"


def run(ckpt: str | Path, folder: Path, options: Options, config: str | Path | None = None) -> Pruned:
    """Prune a checkpoint of a detector.

    Args:
        ckpt: the weights, a file or a folder.
        folder: for all files: weights, recipe, and the table and picture of the losses.
        config: the recipe that trains the pruned network; None takes the configuration that is stored in the
            checkpoint.

    Raises:
        UserError: the options, the weights, the recipe or the data set cannot be used.
    """
    if (options.ratio is None) == (options.max_loss is None):
        raise UserError("give either --ratio, one share for all layers, or --max_loss, the loss that a layer may cause")
    if options.ratio is not None:
        check_ratio(options.ratio)
    if options.max_loss is not None and not 0 <= options.max_loss < 1:
        raise UserError(f"--max_loss: expected a loss of the score in [0, 1), such as 0.02; got {options.max_loss:g}")
    ckpt = find_weights(ckpt)
    entries = read_checkpoint(ckpt)
    recipe = _recipe(ckpt, entries, config, options)
    settings = _settings(ckpt, entries, recipe)
    section = settings[MODEL_KEY]
    _check_recipe(recipe, section)
    folder = process.prepare_output(folder, key="--output")
    process.start_logging()
    process.start(recipe.system if options.max_loss is not None else System(mode=1), may_be_alone=True)
    network = build_model(section, ckpt=ckpt)
    assert isinstance(network, Network)  # of one section
    arrays = {parameter.name: parameter.asnumpy().copy() for parameter in network.get_parameters()}
    layers = find_layers(section, _shapes(arrays))
    check_trained(arrays, str(ckpt))
    ratios = dict.fromkeys((layer.name for layer in layers), options.ratio or 0.0)
    score = None
    if options.max_loss is not None:
        ratios, score = _measure(recipe, network, arrays, layers, options, folder)
    masks = kept_masks(arrays, layers, ratios, options.multiple)
    if not masks:
        raise UserError(
            "nothing to prune: no layer can lose a channel with "
            + (f"--ratio {options.ratio:g}" if options.ratio is not None else f"--max_loss {options.max_loss:g}")
            + (f" and --multiple {options.multiple}" if options.multiple > 1 else "")
            + ("" if options.ratio is not None else f"; the losses are in {folder / TABLE}")
        )
    pruned = removed(arrays, masks)
    small = with_widths(section, _shapes(pruned))
    _write(ckpt, pruned, {**settings, MODEL_KEY: small}, recipe, folder)
    before, after = _shapes(arrays), _shapes(pruned)
    return Pruned(
        folder,
        {layer.name: (layer.channels, after[layer.sources[0].weight][0]) for layer in layers},
        (_count(arrays), _count(pruned)),
        (multiply_adds(section, before), multiply_adds(small, after)),
        (4 * _count(arrays), 4 * _count(pruned)),
        score,
    )


def _shapes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in arrays.items()}


def _count(arrays: Arrays) -> int:
    return sum(value.size for value in arrays.values())


def _recipe(ckpt: Path, entries: Mapping[str, Any], config: str | Path | None, options: Options) -> Config:
    """The configuration that trains the pruned network."""
    if config is not None:
        return load_config(config, options.overrides, "train")
    about = unpack(entries[RUN_ENTRY]) if RUN_ENTRY in entries else {}
    if "config" not in about:
        raise CheckpointError(
            f"{ckpt}: no configuration of a training run is stored in this checkpoint; give the recipe that shall "
            "train the pruned network with -c"
        )
    if options.overrides:
        raise UserError(
            "-o changes a recipe that is given with -c; 'mindocr train -c pruned.yaml -o ...' changes this one"
        )
    upgraded = upgrade(about["config"])
    checked, _ = check_for("train", upgraded.values, str(ckpt), upgraded.problems)
    return checked


def _settings(ckpt: Path, entries: Mapping[str, Any], recipe: Config) -> dict[str, Any]:
    """Model section, pipeline and post-processing of the checkpoint; those of the recipe if it holds none."""
    if SETTINGS_ENTRY in entries:
        settings = dict(unpack(entries[SETTINGS_ENTRY]))
    else:
        about = unpack(entries[RUN_ENTRY]) if RUN_ENTRY in entries else {}
        values = upgrade(about["config"]).values if "config" in about else recipe.model_dump()
        settings = {**metadata.of_sections(values), MODEL_KEY: values["model"]}
    model = settings[MODEL_KEY]
    if model.get("networks"):
        raise UserError(
            f"--ckpt: {ckpt} is of a run with several networks; prune a checkpoint of one: 'mindocr export' writes the "
            "one that is used as SAFETENSORS"
        )
    if model.get("quantization") is not None:
        raise UserError(f"--ckpt: {ckpt} was trained for int8; prune the network first, and train that one for int8")
    kept = {part: model.get(part) for part in _PARTS}
    backbone = {**(kept["backbone"] or {}), "pretrained": False}
    return {**settings, MODEL_KEY: {"type": model.get("type", "det"), "transform": None, **kept, "backbone": backbone}}


def _check_recipe(recipe: Config, section: Mapping[str, Any]) -> None:
    """The recipe must build the network of the checkpoint, or one that starts from its weights."""
    for part in _PARTS:
        ours, theirs = getattr(recipe.model, part), section.get(part)
        names = [(each or {}).get("name") for each in (ours, theirs)]
        if names[0] != names[1] and not (part == "head" and set(names) == {"DBHead", "DBHeadEnhance"}):
            raise ConfigError(f"-c: model.{part} is {names[0]}, and the checkpoint has {names[1]}; give its own recipe")


def _measure(
    recipe: Config, network: Network, arrays: Arrays, layers: Sequence[Layer], options: Options, folder: Path
) -> tuple[dict[str, float], tuple[str, float, float]]:
    """Shares of the layers by their losses; and the score before and after all of them."""
    assert options.max_loss is not None
    own = dict(network.parameters_and_names())
    set_precision(network, recipe.system.amp_level_infer)
    evaluator = build_evaluator(_limited(recipe, options.number), network)

    def score(changed: Mapping[str, np.ndarray]) -> float:
        for name, value in changed.items():
            own[name].set_data(ms.Tensor(value))
        try:
            return _score(evaluator)
        finally:
            for name in changed:
                own[name].set_data(ms.Tensor(arrays[name]))

    name, images = evaluator.main_indicator, len(evaluator.dataset)
    with closing(evaluator):
        found = analyse(arrays, layers, score, name, images, options.max_loss, options.multiple)
        found.write(folder)
        logger.info("losses of each layer: %s, drawn in %s", folder / TABLE, folder / PICTURE)
        ratios = found.ratios()
        together = score(silenced(arrays, layers, kept_masks(arrays, layers, ratios, options.multiple)))
    return ratios, (name, found.unpruned, together)


def _score(evaluator: Evaluator) -> float:
    return float(evaluator.run().scores[evaluator.main_indicator])


def _limited(recipe: Config, number: int) -> Config:
    """The recipe with at most ``number`` images to evaluate on, evenly from its label files."""
    if recipe.eval is None:
        raise ConfigError("eval: --max_loss needs this section; add it, or use --ratio")
    section = {**recipe.eval.dataset}
    given = section.get("sample_ratio", 1.0)
    plain = {**section, "transform_pipeline": [], "output_columns": ["img_path"]}
    images = len(DATASETS.build(plain, key="type", is_train=False, seed=0))
    share = min(1.0, (number + 0.5) / images)
    ratios = [each * share for each in given] if isinstance(given, list | tuple) else given * share
    dataset = {**section, "sample_ratio": ratios}
    return recipe.model_copy(update={"eval": recipe.eval.model_copy(update={"dataset": dataset, "also": {}})})


def _write(ckpt: Path, arrays: Arrays, settings: Mapping[str, Any], recipe: Config, folder: Path) -> None:
    """Write the checkpoint and the recipe, and build the network from them as training will."""
    network = build_model(settings[MODEL_KEY], pretrained=False)
    load_weights(network, {name: ms.Tensor(value) for name, value in arrays.items()}, origin="the pruned arrays")
    path = folder.resolve() / WEIGHTS
    checkpoint_file.write(network, path, {SETTINGS_ENTRY: {**settings, "pruned_from": ckpt.name}})
    own = with_widths(recipe.model.model_dump(), _shapes(arrays))
    backbone = {**own["backbone"], "pretrained": False}
    changes = {part: own[part] for part in ("neck", "head")} | {"backbone": backbone, "pretrained": str(path)}
    train = recipe.train.model_copy(update={"ckpt_save_dir": str(folder / "train"), "resume": None})
    updates: dict[str, Any] = {"model": recipe.model.model_copy(update=changes), "train": train}
    for name in ("eval", "predict"):
        part = getattr(recipe, name)
        if part is not None:
            best = folder / "train" / f"best.{recipe.train.ckpt_format}"
            updates[name] = part.model_copy(update={"ckpt_load_path": str(best)})
    config = recipe.model_copy(update=updates)
    build_model(config.model.model_dump(), training=True)
    save_config(config, folder / RECIPE)
