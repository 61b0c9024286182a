"""CTPN of MindSpore's model zoo (vgg16_feature_extractor..., rnn..., rpn_with_loss...), and its VGG-16 for ImageNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mindocr.errors import CheckpointError
from mindocr.models.converters.parts import CLASSIFIER, first_dimension
from mindocr.models.converters.rename import Conversion, rename

_SOURCE = "checkpoints of CTPN and its VGG-16 from MindSpore's model zoo"
_P = r"(?:network\.)?"
_HEADS = rf"{_P}rpn_with_loss\.rpn_convs_list\."
_LSTM = r"(?:weight|bias)_[ih]h_l0(?:_reverse)?"  # parameters of nn.LSTM
_VGG = rf"{_P}vgg16_feature_extractor\.(conv\d_\d\.(?:0\.weight|1\.(?:gamma|beta|moving_mean|moving_variance)))"
_DETECTOR_RULES = (
    (_VGG, r"backbone.\1"),
    (rf"{_P}conv\.weight", "neck.conv.weight"),
    (rf"{_P}rnn\.([wb]1(?:_bw)?)", r"rnn.\1"),
    (rf"{_P}rnn2\.({_LSTM})", r"rnn2.\1"),
    (rf"{_HEADS}lstm_fc\.(weight|bias)", r"neck.dense.\1"),
    (rf"{_HEADS}rpn_cls\.(weight|bias)", r"head.text.\1"),
    (rf"{_HEADS}rpn_reg\.(weight|bias)", r"head.box.\1"),
)
_LEFT_OVER = (
    (r"(?:moments|accum)\..+|learning_rate|momentum|global_step|epoch_num|step_num|.*loss_scale",
     "what training keeps beside the weights"),
    (r"(?:classifier\.fc\d|fc\d)\.(?:weight|bias)", CLASSIFIER),
)  # fmt: skip
_LSTMS = ("rnn.", "rnn2.")  # that of Ascend, a DynamicRNN; that of other devices, an nn.LSTM
_DENSE = ("neck.dense.weight", "head.text.weight", "head.box.weight")  # 1x1 convolutions here
_INPUT = "input of the source: RGB, ImageNet mean and std, 960 x 576 pixels (w x h), as in this toolkit's recipes"


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Name -> array of a MindSpore checkpoint.

    Raises:
        CheckpointError: the file is missing, damaged, or no checkpoint.
    """
    # Only this source needs MindSpore, which takes seconds to import.
    from mindocr.models.weights import read_checkpoint

    return {name: value.float().asnumpy() for name, value in read_checkpoint(path).items()}


def convert(weights: Mapping[str, Any]) -> Conversion:
    """Detector weights, or those of the backbone alone where there are no others.

    A detector's checkpoint has two LSTMs, of which a device trained one: see :func:`_trained_lstm`.

    Raises:
        CheckpointError: entries of another network, or no LSTM.
    """
    is_detector = any("rpn_with_loss." in name for name in weights)
    backbone = {"name": "det_vgg16", "batch_norm": True, "stored_statistics": is_detector}
    if not is_detector:
        found = rename(weights, ((_VGG, r"\1"),), _LEFT_OVER, _SOURCE)
        return replace(found, spec={"backbone": backbone}, notes=(_INPUT,))
    found = rename(weights, _DETECTOR_RULES, _LEFT_OVER, _SOURCE)
    chosen, lstm, note = _trained_lstm(found.weights)
    arrays = {name: array for name, array in found.weights.items() if not name.startswith(_LSTMS)}
    arrays |= {f"neck.lstm.{name}": array for name, array in lstm.items()}
    for name in _DENSE:
        if name in arrays:
            arrays[name] = arrays[name][:, :, None, None]
    others = tuple(start for start in _LSTMS if start != chosen)
    not_used = {
        name: "the LSTM of another device" for name, target in found.mapped.items() if target.startswith(others)
    }
    mapped = {name: target for name, target in found.mapped.items() if name not in not_used}
    anchors = first_dimension(arrays, "head.text.weight") // 2
    spec = {
        "type": "det",
        "transform": None,
        "backbone": backbone,
        "neck": {"name": "RowLSTM", "hidden": 128, "out_channels": 512},
        "head": {"name": "CTPNHead", "num_anchors": anchors, "coordinates": 4},
    }
    return Conversion(arrays, mapped, {**found.left_over, **not_used}, spec, (_INPUT, note))


def _trained_lstm(weights: Mapping[str, np.ndarray]) -> tuple[str, dict[str, np.ndarray], str]:
    """Which LSTM to take, its parameters as those of ``nn.LSTM``, and a sentence about the choice.

    The reference builds an LSTM for Ascend and one for other devices, and saves both. The one that did not run keeps
    its initial weights, which are between -1 / sqrt(hidden) and 1 / sqrt(hidden).

    Raises:
        CheckpointError: there is no complete LSTM.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    for start in _LSTMS:
        parts = {name.removeprefix(start): array for name, array in weights.items() if name.startswith(start)}
        if len(parts) == (4 if start == "rnn." else 8):
            found[start] = _from_dynamic_rnn(parts) if start == "rnn." else parts
    if not found:
        raise CheckpointError("the file holds no complete LSTM, neither rnn.w1 and its like nor rnn2.weight_ih_l0")
    trained = [start for start, parts in found.items() if _leaves_initial_range(parts)]
    chosen = (trained or list(found))[0]
    why = "the first of two that look trained" if trained else "the first of two that look untrained"
    if len(trained) == 1 or len(found) == 1:
        why = "the only one" if len(found) == 1 else "the only one whose weights leave the range of new ones"
    return chosen, found[chosen], f"LSTM: that of {chosen}* is taken, {why}"


def _leaves_initial_range(parts: Mapping[str, np.ndarray]) -> bool:
    hidden = parts["weight_hh_l0"].shape[1]
    return max(float(np.abs(array).max()) for array in parts.values()) > 1.001 / np.sqrt(hidden)


def _from_dynamic_rnn(parts: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """DynamicRNN's weights (inputs + hidden, 4 * hidden) and biases (4 * hidden,) as those of ``nn.LSTM``."""
    found: dict[str, np.ndarray] = {}
    for end, suffix in (("", ""), ("_bw", "_reverse")):
        rows, bias = _reorder_gates(parts[f"w1{end}"].T), _reorder_gates(parts[f"b1{end}"])
        inputs = rows.shape[1] - rows.shape[0] // 4
        found |= {
            f"weight_ih_l0{suffix}": rows[:, :inputs],
            f"weight_hh_l0{suffix}": rows[:, inputs:],
            f"bias_ih_l0{suffix}": bias,
            f"bias_hh_l0{suffix}": np.zeros_like(bias),  # nn.LSTM adds its two biases
        }
    return found


def _reorder_gates(rows: np.ndarray) -> np.ndarray:
    """From the gates input, new value, forget, output of DynamicRNN to input, forget, new value, output."""
    entry, value, forget, output = np.split(rows, 4)
    return np.concatenate([entry, forget, value, output])
