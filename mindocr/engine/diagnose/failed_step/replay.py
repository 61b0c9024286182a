"""Repeats a failed training step from its capsule: in float32, in the run's precision, and image by image."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.config import Config, load_config
from mindocr.engine.diagnose.failed_step import explain, layer_trace
from mindocr.engine.diagnose.failed_step.capsule import PREPARED, Capsule, read
from mindocr.engine.diagnose.failed_step.explain import Findings, Pass
from mindocr.engine.diagnose.failed_step.layer_trace import Activation
from mindocr.engine.runtime import build, process
from mindocr.errors import ConfigError
from mindocr.losses.pairing import PairedLoss
from mindocr.models.network import as_tuple
from mindocr.models.weights import load_weights
from mindocr.registry import LOSSES
from mindocr.utils import visualize

logger = logging.getLogger(__name__)

PICTURE = "culprit.png"
_SHOWN = 480  # pixels, height of the pictures


def run(path: str | Path, config_file: str | None = None, overrides: Sequence[str] = ()) -> Findings:
    """Replay a capsule and log what failed; a picture of the image that caused the failure goes into the capsule.

    Args:
        path: the capsule's folder.
        config_file: use this configuration's network, loss and precision instead of the stored ones.
        overrides: ``KEY=VALUE``, as for ``-o``, applied to the configuration.

    Raises:
        DataError: no capsule, or a damaged one.
        CheckpointError: its weights do not fit the network of ``config_file``.
    """
    process.start_logging()
    capsule = read(path)
    config = load_config(config_file or capsule.config, overrides, "replay")
    process.start(config.system.model_copy(update={"distribute": False}))
    network = _network(config, capsule)
    loss = PairedLoss(LOSSES.build(config.loss), network.outputs, network.channels)
    if missing := [name for name in loss.labels if name not in capsule.columns]:
        raise ConfigError(
            f"loss: {config.loss['name']} takes {', '.join(missing)}, which {capsule.path} does not hold; it holds "
            f"{', '.join(capsule.columns)}"
        )
    level, scale = config.system.amp_level, capsule.about["loss_scale"]
    float32 = _examine(config, capsule, loss, "O0", 1.0)
    mixed = float32 if (level, scale) == ("O0", 1.0) else _examine(config, capsule, loss, level, scale)
    weights = _weights(network)
    found = Findings(capsule, loss.term_names, layer_trace.not_finite(capsule.columns), *weights, float32, mixed)
    logger.info("%s", explain.describe(found))
    if found.culprits:
        _draw(found)
    return found


def _network(config: Config, capsule: Capsule) -> nn.Cell:
    """The network, or all networks of an ensemble, with the weights of the capsule."""
    network = build.network(config, training=True, pretrained=False)
    load_weights(network, capsule.weights)
    return network


def _weights(network: nn.Cell) -> tuple[list[str], tuple[str, float]]:
    bad, largest = [], ("", 0.0)
    for parameter in network.trainable_params():
        values = np.abs(parameter.asnumpy())
        if not np.isfinite(values).all():
            bad.append(parameter.name)
        top = float(values.max(where=np.isfinite(values), initial=0))
        if top > largest[1]:
            largest = (parameter.name, top)
    return bad, largest


def _examine(config: Config, capsule: Capsule, loss: nn.Cell, level: str, scale: float) -> Pass:
    """The step in the precision of ``level`` and with this loss scale, with a separate network."""
    system = config.system.model_copy(update={"amp_level": level})
    network = _network(config.model_copy(update={"system": system}), capsule)
    network.set_train(True)
    image = capsule.network_input
    labels = [capsule.columns[name] for name in loss.labels]
    read = [capsule.columns[name] for name in network.inputs[1:]]
    with layer_trace.at_rest(network):
        given, activations = layer_trace.trace(network, image, read)
        terms = layer_trace.terms_by_image(loss, given, labels)
        weights = network.trainable_params()
        found = layer_trace.gradients(network, loss, weights, image, labels, scale, read=read)
        culprits = _culprits_forward(network, image, read, activations, terms)
        if not culprits and found.overflown:
            parts = [
                layer_trace.gradients(network, loss, weights, image, labels, scale, i, read) for i in range(len(image))
            ]
            culprits = [i for i, part in enumerate(parts) if part.overflown]
        values = [output.astype(ms.float32).asnumpy() for output in as_tuple(given)]
    return Pass(level, scale, activations, found, terms, culprits, dict(zip(network.outputs, values)))


def _culprits_forward(
    network: nn.Cell,
    image: np.ndarray,
    read: Sequence[np.ndarray],
    activations: Sequence[Activation],
    terms: np.ndarray,
) -> list[int]:
    """Indices of the images in which the forward pass first overflowed."""
    first = next((layer for layer in activations if not layer.finite.all()), None)
    if first is None:
        return np.flatnonzero(~np.isfinite(terms).all(axis=1)).tolist()
    indices = np.flatnonzero(~first.finite).tolist()
    if len(indices) == len(image) > 1:
        # BatchNorm spreads a non-finite value to the other images; alone, each image has its own statistics
        alone = [
            layer_trace.trace(network, image[i : i + 1], [each[i : i + 1] for each in read])[1]
            for i in range(len(image))
        ]
        indices = [i for i, layers in enumerate(alone) if not all(layer.finite.all() for layer in layers)] or indices
    return indices


def _draw(found: Findings) -> None:
    """Draw the first image that caused the failure, alone and under its label maps and float32 output maps."""
    index, columns = found.culprits[0], dict(found.capsule.columns)
    inputs, _ = columns.pop(next(iter(columns))), columns.pop(PREPARED, None)
    picture = as_picture(inputs[index])
    panels, titles = [picture], [f"image {index + 1} as input"]
    outputs = {f"{name}, float32": values for name, values in found.float32.outputs.items()}
    for name, values in {**columns, **outputs}.items():
        map_ = np.squeeze(values[index])
        if map_.shape == picture.shape[:2]:
            panels.append(visualize.overlay_map(picture, map_))
            titles.append(name)
    sheet = visualize.side_by_side(panels, titles, _SHOWN)
    path = found.capsule.path / PICTURE
    if cv2.imwrite(str(path), sheet[..., ::-1]):
        logger.info("picture of image %d: %s", index + 1, path)
    else:
        logger.warning("%s cannot be written; the findings do not depend on it", path)


def as_picture(image: np.ndarray) -> np.ndarray:
    """(3, H, W) or (H, W, 3) as (H, W, 3) uint8: each channel stretched to 0-255, and red where it is not finite."""
    values = image.transpose(1, 2, 0) if image.shape[0] == 3 else image
    if values.dtype == np.uint8:
        return visualize.as_rgb(values)
    finite = np.isfinite(values)
    low = values.min(axis=(0, 1), where=finite, initial=np.inf)
    span = values.max(axis=(0, 1), where=finite, initial=-np.inf) - low
    known = np.where(finite, values, 0) - np.where(np.isfinite(low), low, 0)
    canvas = np.rint(known / np.where(span > 0, span, 1) * 255).clip(0, 255).astype(np.uint8)
    canvas[~finite.all(axis=2)] = visualize.RED
    return canvas
