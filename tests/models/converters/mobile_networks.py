"""Networks on MobileNetV3 as torchvision and PaddleOCR build them, like those in source_networks.py."""

import re

from source_networks import branch, chain, top_down

# kernel, expanded, output, excited, hard-swish, stride (Howard et al., ICCV 2019, tables 1 and 2)
LARGE = [
    (3, 16, 16, 0, 0, 1), (3, 64, 24, 0, 0, 2), (3, 72, 24, 0, 0, 1), (5, 72, 40, 1, 0, 2), (5, 120, 40, 1, 0, 1),
    (5, 120, 40, 1, 0, 1), (3, 240, 80, 0, 1, 2), (3, 200, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1), (3, 184, 80, 0, 1, 1),
    (3, 480, 112, 1, 1, 1), (3, 672, 112, 1, 1, 1), (5, 672, 160, 1, 1, 2), (5, 960, 160, 1, 1, 1),
    (5, 960, 160, 1, 1, 1),
]  # fmt: skip
SMALL = [
    (3, 16, 16, 1, 0, 2), (3, 72, 24, 0, 0, 2), (3, 88, 24, 0, 0, 1), (5, 96, 40, 1, 1, 2), (5, 240, 40, 1, 1, 1),
    (5, 240, 40, 1, 1, 1), (5, 120, 48, 1, 1, 1), (5, 144, 48, 1, 1, 1), (5, 288, 96, 1, 1, 2), (5, 576, 96, 1, 1, 1),
    (5, 576, 96, 1, 1, 1),
]  # fmt: skip


def divisible(value):
    new = max(8, int(value + 4) // 8 * 8)
    return new + 8 if new < 0.9 * value else new


def torchvision_mobilenet(nn, table, scale=1.0):
    """The feature extractor of torchvision's classifier (names ``features...``); gives the last map of each stride."""

    def norm(channels):
        return nn.BatchNorm2d(channels, eps=1e-3)

    def conv_norm(source, target, kernel, stride, groups, activation):
        conv = nn.Conv2d(source, target, kernel, stride, kernel // 2, groups=groups, bias=False)
        return nn.Sequential(conv, norm(target), *([activation()] if activation else []))

    class Excite(nn.Module):
        def __init__(self, channels):
            super().__init__()
            reduced = divisible(channels // 4)
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc1 = nn.Conv2d(channels, reduced, 1)
            self.fc2 = nn.Conv2d(reduced, channels, 1)
            self.activation = nn.ReLU()
            self.scale_activation = nn.Hardsigmoid()

        def forward(self, x):
            return x * self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(x)))))

    class Unit(nn.Module):
        def __init__(self, source, kernel, expanded, target, excited, swish, stride):
            super().__init__()
            activation = nn.Hardswish if swish else nn.ReLU
            layers = [] if source == expanded else [conv_norm(source, expanded, 1, 1, 1, activation)]
            layers.append(conv_norm(expanded, expanded, kernel, stride, expanded, activation))
            layers += [Excite(expanded)] if excited else []
            layers.append(conv_norm(expanded, target, 1, 1, 1, None))
            self.block = nn.Sequential(*layers)
            self.residual = stride == 1 and source == target

        def forward(self, x):
            return x + self.block(x) if self.residual else self.block(x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            channels = divisible(16 * scale)
            features = [conv_norm(3, channels, 3, 2, 1, nn.Hardswish)]
            self.strides = [2]
            for kernel, expanded, target, excited, swish, stride in table:
                sizes = (divisible(expanded * scale), divisible(target * scale))
                features.append(Unit(channels, kernel, *sizes, excited, swish, stride))
                channels = sizes[1]
                self.strides.append(self.strides[-1] * stride)
            features.append(conv_norm(channels, 6 * channels, 1, 1, 1, nn.Hardswish))
            self.strides.append(self.strides[-1])
            self.features = nn.Sequential(*features)
            self.classifier = nn.Sequential(nn.Linear(6 * channels, 12), nn.Hardswish(), nn.ReLU(), nn.Linear(12, 10))

        def forward(self, x):
            last = {}
            for stride, layer in zip(self.strides, self.features):
                x = last[stride] = layer(x)
            return [last[stride] for stride in (4, 8, 16, 32)]

    return Net()


def paddle_detector(
    nn, cat, table=LARGE, scale=0.5, excite=False, neck="DBFPN", fusion=False, width=32, backbone=None, kernel=3
):
    """PaddleOCR's detector; its parameters are to be renamed by :func:`paddle_names`. Without ``backbone``: mobile."""

    class ConvNorm(nn.Module):
        def __init__(self, source, target, kernel, stride=1, groups=1, activation=None):
            super().__init__()
            self.conv = nn.Conv2d(source, target, kernel, stride, kernel // 2, groups=groups, bias=False)
            self.bn = nn.BatchNorm2d(target)
            self.act = activation() if activation else None

        def forward(self, x):
            x = self.bn(self.conv(x))
            return x if self.act is None else self.act(x)

    class Excite(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.conv1 = nn.Conv2d(channels, channels // 4, 1)
            self.conv2 = nn.Conv2d(channels // 4, channels, 1)
            self.relu, self.gate = nn.ReLU(), nn.Hardsigmoid()

        def forward(self, x):
            # Paddle's hard-sigmoid has the slope 0.2 instead of 1/6.
            return x * self.gate(1.2 * self.conv2(self.relu(self.conv1(self.pool(x)))))

    class Unit(nn.Module):
        def __init__(self, source, kernel, expanded, target, excited, swish, stride):
            super().__init__()
            activation = nn.Hardswish if swish else nn.ReLU
            self.expand_conv = ConvNorm(source, expanded, 1, activation=activation)
            self.bottleneck_conv = ConvNorm(expanded, expanded, kernel, stride, expanded, activation)
            self.mid_se = Excite(expanded) if excited and excite else None
            self.linear_conv = ConvNorm(expanded, target, 1)
            self.residual = stride == 1 and source == target

        def forward(self, x):
            y = self.bottleneck_conv(self.expand_conv(x))
            y = self.linear_conv(y if self.mid_se is None else self.mid_se(y))
            return x + y if self.residual else y

    class Backbone(nn.Module):
        def __init__(self):
            super().__init__()
            channels = divisible(16 * scale)
            self.conv = ConvNorm(3, channels, 3, 2, activation=nn.Hardswish)
            stages, self.widths, reached = [[]], [], 2
            for kernel, expanded, target, excited, swish, stride in table:
                if stride == 2 and reached > 2:
                    stages.append([])
                    self.widths.append(channels)
                sizes = (divisible(expanded * scale), divisible(target * scale))
                stages[-1].append(Unit(channels, kernel, *sizes, excited, swish, stride))
                channels, reached = sizes[1], reached * stride
            stages[-1].append(ConvNorm(channels, 6 * channels, 1, activation=nn.Hardswish))
            self.widths.append(6 * channels)
            for i, stage in enumerate(stages):
                setattr(self, f"stage{i}", nn.Sequential(*stage))

        def forward(self, x):
            x = self.conv(x)
            maps = []
            for i in range(4):
                x = getattr(self, f"stage{i}")(x)
                maps.append(x)
            return maps

    class Fusion(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(width, width // 4, 3, 1, 1)
            self.spatial_scale = nn.Sequential(
                nn.Conv2d(1, 1, 3, 1, 1, bias=False), nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False), nn.Sigmoid()
            )
            self.channel_scale = nn.Sequential(nn.Conv2d(width // 4, 4, 1, bias=False), nn.Sigmoid())

        def forward(self, maps):
            x = self.conv(cat(maps, 1))
            gates = self.channel_scale(self.spatial_scale(x.mean(axis=1, keepdims=True)) + x)
            return cat([gates[:, i : i + 1] * level for i, level in enumerate(maps)], 1)

    class DBFPN(nn.Module):
        def __init__(self, inputs):
            super().__init__()
            for i, channels in enumerate(inputs):
                setattr(self, f"in{i + 2}_conv", nn.Conv2d(channels, width, 1, bias=False))
                setattr(self, f"p{i + 2}_conv", nn.Conv2d(width, width // 4, 3, 1, 1, bias=False))
            if fusion:
                self.asf = Fusion()

        def forward(self, maps):
            # PaddleOCR runs its layers coarsest level first; files of its programs are in this order.
            coarsest_first = (3, 2, 1, 0)
            lateral = {i: getattr(self, f"in{i + 2}_conv")(maps[i]) for i in coarsest_first}
            levels = top_down(nn, [lateral[i] for i in range(4)])
            reduced = {i: getattr(self, f"p{i + 2}_conv")(levels[i]) for i in coarsest_first}
            joined = [nn.Upsample(scale_factor=2**i)(reduced[i]) for i in coarsest_first]
            return self.asf(joined) if fusion else cat(joined, 1)

    class ExciteLayer(nn.Module):
        def __init__(self, source, target, kernel):
            super().__init__()
            self.in_conv = nn.Conv2d(source, target, kernel, 1, kernel // 2, bias=False)
            self.se_block = Excite(target)

        def forward(self, x):
            x = self.in_conv(x)
            return x + self.se_block(x)

    class RSEFPN(nn.Module):
        def __init__(self, inputs):
            super().__init__()
            self.ins_conv = nn.ModuleList([ExciteLayer(channels, width, 1) for channels in inputs])
            self.inp_conv = nn.ModuleList([ExciteLayer(width, width // 4, 3) for _ in inputs])

        def forward(self, maps):
            levels = top_down(nn, [conv(m) for conv, m in zip(self.ins_conv, maps)])
            reduced = [conv(level) for conv, level in zip(self.inp_conv, levels)]
            return cat([nn.Upsample(scale_factor=2**i)(reduced[i]) for i in (3, 2, 1, 0)], 1)

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.binarize = branch(nn, width, kernel=kernel)
            self.thresh = branch(nn, width, kernel=kernel)

        def forward(self, x):
            return self.binarize(x)

    backbone = backbone or Backbone()
    pyramid = {"DBFPN": DBFPN, "RSEFPN": RSEFPN}[neck](backbone.widths) if isinstance(neck, str) else neck(backbone)
    return chain(nn, backbone=backbone, neck=pyramid, head=Head())


def paddle_names(arrays):
    """PyTorch's names of the parameters -> Paddle's."""
    layers = {"0": "conv1", "1": "conv_bn1", "3": "conv2", "4": "conv_bn2", "6": "conv3"}
    renamed = {}
    for name, value in arrays.items():
        if name.endswith("num_batches_tracked"):
            continue
        name = re.sub(r"^(head\.\w+)\.(\d)\.", lambda m: f"{m[1]}.{layers[m[2]]}.", name)
        renamed[name.replace("running_mean", "_mean").replace("running_var", "_variance")] = value
    return renamed
