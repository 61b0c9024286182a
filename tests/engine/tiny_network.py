"""A backbone small enough to train in a test."""

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
