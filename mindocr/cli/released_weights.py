"""Released weights by name in a configuration: ``pretrained: ppocr-v3`` becomes the path of a checkpoint."""

from __future__ import annotations

from pathlib import Path

from mindocr.config import Config

_PREFIX = "ppocr-"  # of all names of released weights


def with_released_weights(config: Config) -> Config:
    """The configuration with paths in place of released names, such as ``mindocr read --weights`` takes.

    The weights come from the cache folder, an installed package or the network, see
    :func:`mindocr.reading.weights.find_weights`.

    Raises:
        CheckpointError: an unknown name, one without a network for this task, or the weights cannot be had.
    """
    model = config.model
    networks = {
        name: section.model_copy(update={"pretrained": _path(section.pretrained, model.type)})
        for name, section in (model.networks or {}).items()
    }
    update = {"pretrained": _path(model.pretrained, model.type), "networks": networks or model.networks}
    return config.model_copy(update={"model": model.model_copy(update=update)})


def _path(source: str | bool | None, task: str) -> str | bool | None:
    if not isinstance(source, str) or not source.startswith(_PREFIX) or Path(source).suffix or Path(source).exists():
        return source
    from mindocr.reading.weights import find_weights

    return str(find_weights(source, task, "mindspore"))
