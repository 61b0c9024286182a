"""PaddleOCR's large detectors: ResNet-vd and LKPAN, like the networks in source_networks.py."""

from mobile_networks import paddle_detector
from source_networks import top_down


def resnet_vd(nn, depth, deformable=False):
    """ResNet-18-vd or -50-vd; ``deformable``: in the last three stages of the latter, with two groups."""
    wide = 4 if depth == 50 else 1

    class Moved(nn.Module):
        def __init__(self, channels, stride):
            super().__init__()
            self.conv_dcn = nn.DeformConv2d(channels, channels, stride, groups=2)
            self.conv_offset = nn.Conv2d(channels, 54, 3, stride, 1)
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            predicted = self.conv_offset(x)
            return self.conv_dcn(x, predicted[:, :36], self.sigmoid(predicted[:, 36:]))

    class ConvNorm(nn.Module):
        def __init__(self, source, target, kernel, stride=1, act=True, halves=False, moves=False):
            super().__init__()
            self._pool2d_avg = nn.AvgPool2d(2, 2) if halves else None
            conv = nn.Conv2d(source, target, kernel, stride, kernel // 2, bias=False)
            self._conv = Moved(source, stride) if moves else conv
            self._batch_norm = nn.BatchNorm2d(target)
            self.relu = nn.ReLU() if act else None

        def forward(self, x):
            x = x if self._pool2d_avg is None else self._pool2d_avg(x)
            x = self._batch_norm(self._conv(x))
            return x if self.relu is None else self.relu(x)

    class Block(nn.Module):
        def __init__(self, inputs, width, stage, first):
            super().__init__()
            stride, target = (2 if first and stage else 1), width * wide
            if wide == 4:
                self.conv0 = ConvNorm(inputs, width, 1)
                self.conv1 = ConvNorm(width, width, 3, stride, moves=deformable and stage > 0)
                self.conv2 = ConvNorm(width, target, 1, act=False)
            else:
                self.conv0 = ConvNorm(inputs, width, 3, stride)
                self.conv1 = ConvNorm(width, width, 3, act=False)
            self.short = ConvNorm(inputs, target, 1, act=False, halves=stage > 0) if first else None
            self.relu = nn.ReLU()

        def forward(self, x):
            y = self.conv1(self.conv0(x))
            y = self.conv2(y) if wide == 4 else y
            return self.relu(y + (x if self.short is None else self.short(x)))

    class Backbone(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1_1 = ConvNorm(3, 32, 3, 2)
            self.conv1_2 = ConvNorm(32, 32, 3)
            self.conv1_3 = ConvNorm(32, 64, 3)
            self.pool2d_max = nn.MaxPool2d(3, 2, 1)
            self.widths, self.stages, inputs = [], [], 64
            for stage, count in enumerate((3, 4, 6, 3) if depth == 50 else (2, 2, 2, 2)):
                names = [f"bb_{stage}_{i}" for i in range(count)]
                for i, name in enumerate(names):
                    setattr(self, name, Block(inputs, 64 * 2**stage, stage, i == 0))
                    inputs = 64 * 2**stage * wide
                self.stages.append(names)
                self.widths.append(inputs)

        def forward(self, x):
            x = self.pool2d_max(self.conv1_3(self.conv1_2(self.conv1_1(x))))
            maps = []
            for names in self.stages:
                for name in names:
                    x = getattr(self, name)(x)
                maps.append(x)
            return maps

    return Backbone()


def lkpan(nn, cat, inputs, width, lite):
    """The pyramid with 9x9 convolutions."""
    share = width // 4

    class Separable(nn.Module):
        def __init__(self, source):
            super().__init__()
            self.conv1 = nn.Conv2d(source, source, 9, 1, 4, groups=source, bias=False)
            self.bn1 = nn.BatchNorm2d(source)
            self.conv2 = nn.Conv2d(source, 4 * source, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(4 * source)
            self.relu = nn.ReLU()
            self.conv3 = nn.Conv2d(4 * source, share, 1, bias=False)
            self.conv_end = nn.Conv2d(source, share, 1, bias=False) if source != share else None

        def forward(self, x):
            y = self.conv3(self.relu(self.bn2(self.conv2(self.bn1(self.conv1(x))))))
            return y if self.conv_end is None else y + self.conv_end(x)

    def large(source):
        return Separable(source) if lite else nn.Conv2d(source, share, 9, 1, 4, bias=False)

    class LKPAN(nn.Module):
        def __init__(self):
            super().__init__()
            self.ins_conv = nn.ModuleList([nn.Conv2d(channels, width, 1, bias=False) for channels in inputs])
            self.inp_conv = nn.ModuleList([large(width) for _ in inputs])
            self.pan_head_conv = nn.ModuleList([nn.Conv2d(share, share, 3, 2, 1, bias=False) for _ in range(3)])
            self.pan_lat_conv = nn.ModuleList([large(share) for _ in inputs])

        def forward(self, maps):
            levels = top_down(nn, [conv(level) for conv, level in zip(self.ins_conv, maps)])
            levels = [conv(level) for conv, level in zip(self.inp_conv, levels)]
            for i in range(3):
                levels[i + 1] = levels[i + 1] + self.pan_head_conv[i](levels[i])
            levels = [conv(level) for conv, level in zip(self.pan_lat_conv, levels)]
            return cat([nn.Upsample(scale_factor=2**i)(levels[i]) for i in (3, 2, 1, 0)], 1)

    return LKPAN()


def paddle_large(nn, cat, depth=18, neck="DBFPN", deformable=False, kernel=3, width=32):
    """The detector; ``neck``: DBFPN, or large or lite for the modes of LKPAN."""

    def pyramid(backbone):
        return lkpan(nn, cat, backbone.widths, width, neck == "lite")

    backbone = resnet_vd(nn, depth, deformable)
    chosen = neck if neck == "DBFPN" else pyramid
    return paddle_detector(nn, cat, neck=chosen, width=width, backbone=backbone, kernel=kernel)
