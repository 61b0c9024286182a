"""Networks small enough for a test."""

from mindspore import nn


class Tiny(nn.Cell):
    """Four strided convolutions, strides 4 to 32."""

    def __init__(self, width: int = 8, pretrained: bool = False) -> None:
        super().__init__()
        self.pretrained = pretrained
        self.out_channels = [width] * 4
        self.strides = [4, 8, 16, 32]
        sources = [3, width, width, width]
        self.stages = nn.CellList(
            [
                nn.SequentialCell(
                    nn.Conv2d(source, width, 3, stride=4 if i == 0 else 2, has_bias=True),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                )
                for i, source in enumerate(sources)
            ]
        )

    def construct(self, x):
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class TinyDetector(nn.Cell):
    """One convolution, (N, 3, H, W) -> prob (N, 1, H, W), with what an export needs of a network."""

    stride = 32
    outputs = inference_outputs = ("prob",)

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)

    def inference_network(self):
        return self

    def construct(self, x):
        return self.conv(x).sigmoid()
