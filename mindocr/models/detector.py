"""The detector: three parts in a row."""

from __future__ import annotations

from mindspore import Tensor, nn

from mindocr.errors import ConfigError


class Detector(nn.Cell):
    """Backbone, neck and head, built elsewhere and joined here.

    Parameter names start with ``backbone.``, ``neck.`` and ``head.``; they are public: checkpoints are read by them.

    Args:
        backbone: (N, 3, H, W) -> one map for each of its ``strides``, finest first.
        neck: those maps -> what the head takes; None hands the maps to the head as they are.
        head: the neck's output -> maps of the input's size.
    """

    def __init__(self, backbone: nn.Cell, neck: nn.Cell | None, head: nn.Cell) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.head = head
        self.stride = max(backbone.strides)

    def check_input_size(self, height: int, width: int) -> None:
        """Make sure that an image of this size (pixels) can pass.

        Raises:
            ConfigError: a side is not a positive multiple of the coarsest stride, so the neck's maps would not match.
        """
        for side, size in (("height", height), ("width", width)):
            if size <= 0 or size % self.stride:
                below = size // self.stride * self.stride
                nearest = f"{below} or {below + self.stride}" if below > 0 else f"{self.stride}"
                raise ConfigError(
                    f"input {side} {size}: this network takes multiples of {self.stride}; the nearest: {nearest}"
                )

    def construct(self, x: Tensor) -> Tensor:
        features = self.backbone(x)
        if self.neck is not None:
            features = self.neck(features)
        return self.head(features)
