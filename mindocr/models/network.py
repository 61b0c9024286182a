"""A network: backbone, neck and head in a row, with named outputs."""

from __future__ import annotations

from typing import Any

from mindspore import Parameter, Tensor, nn

from mindocr.errors import ConfigError


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
        if self.takes_labels and self.training:
            return self.head(joined, features, *labels)
        return self.head(joined)


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
