"""A network: backbone, neck and head in a row, with named outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mindspore import Parameter, Tensor, nn
from typing_extensions import Self

from mindocr.errors import ConfigError
from mindocr.models.form import FEATURES, output_problem


class Network(nn.Cell):
    """Backbone, neck and head, built elsewhere and joined here.

    Parameter names start with ``backbone.``, ``neck.`` and ``head.``. They are public: checkpoints use them.

    Args:
        backbone: (N, 3, H, W) -> one feature map for each of its ``strides``, finest first.
        neck: computes the head's input from these feature maps; None passes the feature maps on to the head.
        head: computes the outputs that it names, see :mod:`mindocr.models.heads`.

    Attributes:
        inputs: batch columns that the network takes in training; in evaluation the first of them alone.
        outputs: names of its outputs in training, in order.
        inference_outputs: names of its outputs in evaluation, in order.
    """

    inputs: tuple[str, ...] = ("image",)

    def __init__(self, backbone: nn.Cell, neck: nn.Cell | None, head: nn.Cell) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.head = head
        self.stride = max(backbone.strides)
        self.outputs: tuple[str, ...] = tuple(head.outputs)
        self.inference_outputs: tuple[str, ...] = tuple(head.inference_outputs)
        self.inputs = ("image", *getattr(head, "labels", ()))
        self.channels: dict[str, int] = dict(getattr(head, "channels", {}))
        self.takes_labels = len(self.inputs) > 1
        self._chosen: tuple[int, ...] = ()
        self._one_of_head = False
        self._is_frozen = False
        self._head_trains = False

    def choose_outputs(self, names: Sequence[str], frozen: bool = False) -> None:
        """Give these outputs in training, in this order, in place of all those of the head.

        Args:
            names: outputs of the head; ``backbone_out``, the backbone's coarsest feature map; ``neck_out``, what the
                head receives.
            frozen: the network is not trained but gives them, too. Those that the head has only in training, such as
                logits, are computed by the head alone as in training; all other parts stay in evaluation mode.

        Raises:
            ConfigError: there is no such output.
        """
        training, inference = tuple(self.head.outputs), tuple(self.head.inference_outputs)
        if problem := output_problem(names, training, inference, frozen):
            raise ConfigError(f"outputs: {problem}")
        of_head = [name for name in names if name not in FEATURES]
        self._is_frozen = frozen
        self._head_trains = frozen and not set(of_head) <= set(inference)
        given = inference if frozen and not self._head_trains else training
        self._one_of_head = len(given) == 1
        self._chosen = tuple(-1 - FEATURES.index(n) if n in FEATURES else given.index(n) for n in names)
        self.outputs = tuple(names)
        if frozen:
            self.inference_outputs = self.outputs
        self.set_train(self.training)

    def add_flags_recursive(self, **flags: Any) -> Self:
        """As in any cell, but the head of a frozen network may compute what it has in training only."""
        super().add_flags_recursive(**flags)
        if getattr(self, "_head_trains", False):
            self.head.add_flags(training=True)
        return self

    def inference_network(self) -> Network:
        """The network that evaluation, prediction and export use: this one."""
        return self

    def weights(self) -> dict[str, Any]:
        """Parameters as a checkpoint names them."""
        return {parameter.name: parameter for parameter in self.get_parameters()}

    def check_input_size(self, height: int, width: int) -> None:
        """Check that the network accepts an image of this size (pixels).

        Raises:
            ConfigError: a side is not a positive multiple of the coarsest stride, so the neck's feature maps would
                not match.
        """
        for side, size in (("height", height), ("width", width)):
            if size <= 0 or size % self.stride:
                below = size // self.stride * self.stride
                nearest = f"{below} or {below + self.stride}" if below > 0 else f"{self.stride}"
                raise ConfigError(
                    f"input {side} {size}: this network takes multiples of {self.stride}; the nearest: {nearest}"
                )

    def construct(self, x: Tensor, *labels: Tensor) -> Any:
        """Outputs in the order of their names: a tuple of tensors, or one tensor where there is one output.

        Args:
            x: image batch (N, 3, H, W).
            labels: the other ``inputs``, in training.
        """
        features = self.backbone(x)
        joined = features
        if self.neck is not None:
            joined = self.neck(features)
        guided = self.takes_labels and self.training
        given = self.head(joined, features, *labels) if guided else self.head(joined)
        if len(self._chosen) == 0 or not (self.training or self._is_frozen):
            return given
        if self._one_of_head:
            given = (given,)
        outputs: tuple[Tensor, ...] = ()
        for position in self._chosen:
            if position == -1:
                outputs = outputs + (_coarsest(features),)
            elif position == -2:
                outputs = outputs + (_first(joined),)
            else:
                outputs = outputs + (given[position],)
        return outputs if len(outputs) > 1 else outputs[0]


def _coarsest(features: Any) -> Tensor:
    return features[-1] if isinstance(features, (tuple, list)) else features


def _first(features: Any) -> Tensor:
    return features[0] if isinstance(features, (tuple, list)) else features


def statistics(network: nn.Cell) -> list[Parameter]:
    """Parameters that training changes without a gradient: the running statistics of BatchNorm.

    Those of frozen networks do not change, so they are left out.
    """
    frozen = {id(parameter) for parameter in frozen_parameters(network)}
    return [p for p in network.get_parameters() if not p.requires_grad and id(p) not in frozen]


def frozen_parameters(network: nn.Cell) -> list[Parameter]:
    """Parameters of the frozen networks of an ensemble; none of any other network."""
    return network.frozen_parameters() if hasattr(network, "frozen_parameters") else []


def as_tuple(outputs: Any) -> tuple[Tensor, ...]:
    """The outputs of a network as a tuple, also if there is only one."""
    return tuple(outputs) if isinstance(outputs, list | tuple) else (outputs,)
