"""Reads weights from files, compares them with a network by name and shape, and loads what fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mindspore as ms
from mindspore import nn

from mindocr.errors import CheckpointError
from mindocr.models import zoo
from mindocr.models.ckpt_format import check_file
from mindocr.models.converters.rename import batch_norm_names

# What optimizers, loss scalers, EMA and MindSpore's callbacks keep beside a network's own parameters
_TRAINING_STATE = (
    "accum.", "adam_m.", "adam_v.", "ema.", "exp_avg.", "exp_avg_sq.", "max_exp_avg_sq.", "moment1.", "moment2.",
    "moments.", "stat.", "swap.", "vhat.", "accu_grads.", "accumulated_grads.", "grad_accum.",
    "accu_step", "beta1_power", "beta2_power", "current_iterator_step", "epoch_num", "global_step",
    "last_overflow_iterator_step", "learning_rate", "loss_scale", "momentum", "scale_sense", "step_num", "updates",
    "mindocr.",
)  # fmt: skip
_COUNTER = ".num_batches_tracked"  # of a BatchNorm; nothing is computed with it
_LISTED = 8


@dataclass(frozen=True)
class LoadReport:
    """Result of loading: what was done with a checkpoint's entries and a network's parameters.

    Attributes:
        source: where the weights came from.
        loaded: names now holding the checkpoint's values.
        missing: the network's parameters that the checkpoint lacks; they keep their values.
        unexpected: entries that the network has no parameter for.
        mismatched: (name, shape in the checkpoint, shape in the network).
        ignored: entries skipped on purpose: optimizer state, classifiers.
    """

    source: str
    loaded: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """The report in a few lines; long lists are shortened."""
        lines = [f"{self.source}: {len(self.loaded)} parameters loaded"]
        shapes = [f"{name} is {theirs}, the network has {ours}" for name, theirs, ours in self.mismatched]
        for title, names in (
            ("not in the checkpoint", self.missing),
            ("not in the network", self.unexpected),
            ("of another shape", shapes),
            ("skipped on purpose", self.ignored),
        ):
            if names:
                more = f", and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
                lines.append(f"{len(names)} {title}: {', '.join(names[:_LISTED])}{more}")
        return "\n  ".join(lines)


def read_checkpoint(path: str | Path) -> dict[str, ms.Parameter]:
    """Read a ``.ckpt`` or ``.safetensors`` file.

    Raises:
        CheckpointError: the file is missing, cut short, damaged, or no checkpoint; the message names it.
    """
    path = Path(path).expanduser()
    kind, has_crc = check_file(path)
    try:
        return ms.load_checkpoint(str(path), format=kind, crc_check=has_crc)
    except (ValueError, RuntimeError, TypeError, LookupError, AttributeError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(
            f"{path}: damaged, or not a checkpoint of this format ({reason}); copy it again, or use an older checkpoint"
        ) from error


def load_weights(
    net: nn.Cell,
    source: str | Path | Mapping[str, ms.Tensor],
    *,
    strict: bool = True,
    prefix: str = "",
    allow_missing: Sequence[str] = (),
    ignore: Sequence[str] = (),
    origin: str = "the given weights",
) -> LoadReport:
    """Load weights by name. If an error is raised, the network is unchanged.

    Args:
        net: the network, or one part of it; names are relative to it.
        source: a checkpoint file, or name -> tensor.
        strict: raise on anything missing, extra or of another shape; otherwise load what fits and report the rest.
        prefix: take only the entries whose names start with it, and drop it from the names (``backbone.`` loads a
            detector's checkpoint into a backbone).
        allow_missing: prefixes of parameters that may keep their values.
        ignore: prefixes of entries of the checkpoint that are skipped, besides the state of optimizers.
        origin: where tensors come from, for messages; a file is its own.

    Raises:
        CheckpointError: see ``strict``; and always if no parameter fits. The message lists the differences and the
            named model that the checkpoint fits.
    """
    if isinstance(source, (str, Path)):
        entries, origin = read_checkpoint(source), str(source)
    else:
        entries = dict(source)
    # MindCV's newer checkpoints come from MindSpore's mint layers, which name a BatchNorm's arrays as PyTorch does.
    translated = batch_norm_names(entries)
    entries = {translated.get(name, name): value for name, value in entries.items()}
    report = _compare(net, entries, origin, prefix, tuple(ignore))
    missing = [name for name in report.missing if not name.startswith(tuple(allow_missing))]
    if not report.loaded or (strict and (missing or report.unexpected or report.mismatched)):
        shapes = {name: tuple(value.shape) for name, value in entries.items()}
        raise CheckpointError(f"{report.summary().replace('loaded', 'fit', 1)}\n  {_advice(net, shapes)}")
    own = dict(net.parameters_and_names())
    for name in report.loaded:
        value = entries[prefix + name]
        own[name].set_data(value if value.dtype == own[name].dtype else value.astype(own[name].dtype))
    return report


def _compare(
    net: nn.Cell, entries: Mapping[str, ms.Tensor], source: str, prefix: str, ignore: tuple[str, ...]
) -> LoadReport:
    report = LoadReport(source)
    own = dict(net.parameters_and_names())
    for entry, value in entries.items():
        name = entry[len(prefix) :]
        idle = name.startswith(_TRAINING_STATE + ignore) or name.endswith(_COUNTER)
        if not entry.startswith(prefix) or (name not in own and idle):
            report.ignored.append(entry)
        elif name not in own:
            report.unexpected.append(entry)
        elif tuple(value.shape) != tuple(own[name].shape):
            report.mismatched.append((entry, tuple(value.shape), tuple(own[name].shape)))
        else:
            report.loaded.append(name)
    report.missing.extend(name for name in own if prefix + name not in entries)
    return report


def _advice(net: nn.Cell, shapes: Mapping[str, tuple[int, ...]]) -> str:
    theirs = zoo.recognise(shapes)
    ours = zoo.recognise({name: tuple(value.shape) for name, value in net.parameters_and_names()})
    if theirs and theirs != ours:
        own = f", this network is {ours}" if ours else ""
        return f"The checkpoint fits the named model {theirs}{own}: choose the config or the checkpoint to match"
    return "Choose the checkpoint of this model, or the config that the checkpoint was trained with"
