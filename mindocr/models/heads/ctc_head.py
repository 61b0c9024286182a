"""A head for connectionist temporal classification (CTC): one distribution over characters for each time step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import mindspore as ms
from mindspore import Tensor, nn, ops
from mindspore.common.initializer import Uniform

from mindocr.errors import ConfigError
from mindocr.registry import GUIDES, HEADS


@HEADS.register
class CTCHead(nn.Cell):
    """Dense layers on each time step.

    Args:
        in_channels: channels of a time step.
        out_channels: number of classes, the blank (class 0) included: that of the character dictionary plus 1, and one
            more if a space is added to it.
        mid_channels: channels of another dense layer before, without activation, as in PP-OCRv2; empty = none.
        features: also return in training what the last layer gets, for ``CenterLoss``.
        guide: ``{name: NRTRDecoder, ...}``, a decoder on the backbone's features, in training only; see
            :mod:`mindocr.models.guides`. ``GuideLoss`` trains it. Networks for evaluation, prediction and export are
            built without it, and skip its weights in a checkpoint.
        feature_channels: channels of the backbone's features, which only a guide needs.

    Attributes:
        outputs: in training ``logits`` (N, T, out_channels) float32; then ``features`` (N, T, F) and the outputs of the
            guide, if wanted.
        inference_outputs: ``probs``, the softmax of the logits.

    Raises:
        ConfigError: fewer than 2 classes, or a guide that cannot be built.
    """

    outputs: tuple[str, ...] = ("logits",)
    inference_outputs: tuple[str, ...] = ("probs",)
    training_only = ("guide",)  # arguments of parts that networks for inference lack; their weights have this prefix

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        mid_channels: int | None = None,
        features: bool = False,
        guide: dict[str, Any] | None = None,
        feature_channels: Any = None,
    ) -> None:
        super().__init__()
        if out_channels < 2:
            raise ConfigError(f"CTCHead out_channels {out_channels}: expected the blank and at least one character")
        self.fc1 = _dense(in_channels, mid_channels) if mid_channels else None
        self.fc = _dense(mid_channels or in_channels, out_channels)
        self.gives_features = features
        declared = self.declare({"features": features, "guide": guide})
        self.outputs, self.labels = declared["outputs"], declared["labels"]
        self.channels: dict[str, int] = {"logits": out_channels, "features": mid_channels or in_channels}
        self.guide: Any = None
        if guide:
            if not isinstance(feature_channels, int):
                raise ConfigError(
                    f"head.guide: {guide.get('name')} takes one map of features, but the backbone gives channels "
                    f"{feature_channels}; use a backbone for text lines"
                )
            self.guide = GUIDES.build(guide, in_channels=feature_channels, out_channels=out_channels)

    @classmethod
    def declare(cls, arguments: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Outputs and labels of a head with these arguments, before it is built."""
        guide = arguments.get("guide") or {}
        of_guide = GUIDES.declared(guide, "outputs")
        features = ("features",) if arguments.get("features") else ()
        return {
            "outputs": ("logits", *features, *of_guide),
            "inference_outputs": cls.inference_outputs,
            "labels": GUIDES.declared(guide, "labels"),
            "must_be_read": of_guide,
        }

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Problems of the guide, as (argument, text)."""
        guide = arguments.get("guide")
        if not guide:
            return []
        found = GUIDES.check(guide.get("name", ""), {key: value for key, value in guide.items() if key != "name"})
        return [(f"guide.{key or 'name'}", text) for key, text in found]

    def construct(self, steps: Tensor, features: Tensor | None = None, *labels: Tensor) -> Any:
        """(N, T, in_channels) -> (N, T, out_channels): in training logits and further outputs, else probabilities.

        Args:
            steps: one vector for each time step.
            features: (N, C, 1, T) of the backbone, and the ``labels``, in training with a guide.
        """
        if self.fc1 is not None:
            steps = self.fc1(steps)
        logits = ops.cast(self.fc(steps), ms.float32)
        if not self.training:
            return ops.softmax(logits, -1)
        if self.gives_features:
            if self.guide is not None:
                return logits, steps, self.guide(features, *labels)
            return logits, steps
        if self.guide is not None:
            return logits, self.guide(features, *labels)
        return logits


def _dense(in_channels: int, out_channels: int) -> nn.Dense:
    limit = 1 / math.sqrt(in_channels)
    return nn.Dense(in_channels, out_channels, weight_init=Uniform(limit), bias_init=Uniform(limit))
