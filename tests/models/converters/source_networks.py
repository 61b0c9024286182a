"""Small networks as other projects build them: the same layers, names and orders, with random weights.

Each is made for a namespace ``nn``: torch.nn, or numpy_nn where PyTorch is absent. ``cat`` joins maps along an axis.
"""

import numpy as np


def randomise(shapes, seed=11):
    """Name -> array for every name -> shape, such that values keep their size from layer to layer."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            value = np.array(7, np.int64)
        elif len(shape) >= 2:
            value = rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith(("running_var", "_variance")):
            value = rng.uniform(0.5, 1.5, shape)
        elif name.endswith(("running_mean", "_mean", "bias")):
            value = rng.normal(0, 0.1, shape)
        else:
            value = rng.uniform(0.5, 1.0, shape)
        arrays[name] = value if name.endswith("num_batches_tracked") else value.astype(np.float32)
    return arrays


def resnet(nn, depth, classes=None, deformable=None):
    """ResNet-18 or -50 as torchvision, the authors of DBNet and MMDetection have it; gives four maps, finest first.

    ``deformable``: in the last three stages, in NumPy only; ``authors`` predicts shifts for the pixels of the input.
    """
    wide = 4 if depth == 50 else 1

    class Block(nn.Module):
        def __init__(self, inputs, width, stride, moves):
            super().__init__()
            kernels = [(inputs, width, 1), (width, width, 3), (width, width * 4, 1)]
            kernels = kernels if wide == 4 else [(inputs, width, 3), (width, width, 3)]
            self.count = len(kernels)
            for i, (source, target, kernel) in enumerate(kernels, 1):
                step = stride if i == (2 if wide == 4 else 1) else 1
                if moves and i == 2:
                    self.conv2_offset = nn.Conv2d(source, 27, 3, 1 if deformable == "authors" else step, 1)
                    self.conv2 = nn.DeformConv2d(source, target, step)
                else:
                    setattr(self, f"conv{i}", nn.Conv2d(source, target, kernel, step, kernel // 2, bias=False))
                setattr(self, f"bn{i}", nn.BatchNorm2d(target))
            self.moves = moves
            self.sigmoid = nn.Sigmoid()
            self.relu = nn.ReLU()
            self.downsample = None
            if stride != 1 or inputs != width * wide:
                projection = nn.Conv2d(inputs, width * wide, 1, stride, bias=False)
                self.downsample = nn.Sequential(projection, nn.BatchNorm2d(width * wide))

        def forward(self, x):
            y = x
            for i in range(1, self.count + 1):
                layer = getattr(self, f"conv{i}")
                if self.moves and i == 2:
                    predicted = self.conv2_offset(y)
                    y = layer(y, predicted[:, :18], self.sigmoid(predicted[:, -9:]))
                else:
                    y = layer(y)
                y = getattr(self, f"bn{i}")(y)
                y = y if i == self.count else self.relu(y)
            return self.relu(y + (x if self.downsample is None else self.downsample(x)))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.relu = nn.ReLU()
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            inputs = 64
            for i, count in enumerate((3, 4, 6, 3) if depth == 50 else (2, 2, 2, 2)):
                blocks = []
                for j in range(count):
                    blocks.append(Block(inputs, 64 * 2**i, 2 if i and not j else 1, bool(deformable and i)))
                    inputs = 64 * 2**i * wide
                setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
            if classes:
                self.fc = nn.Linear(inputs, classes)

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            maps = []
            for i in range(1, 5):
                x = getattr(self, f"layer{i}")(x)
                maps.append(x)
            return maps

    return ResNet()


def branch(nn, channels, last=True, kernel=3):
    """One branch of the head: layers 0, 1, 3, 4 and 6 have parameters."""
    width = channels // 4
    layers = [
        nn.Conv2d(channels, width, kernel, 1, kernel // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.ConvTranspose2d(width, width, 2, 2), nn.BatchNorm2d(width), nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 2, 2),
    ]  # fmt: skip
    return nn.Sequential(*layers, *([nn.Sigmoid()] if last else []))


def top_down(nn, levels):
    """Adds to each level the next coarser one; finest first, as given."""
    up = nn.Upsample(scale_factor=2)
    for i in (2, 1, 0):
        levels[i] = levels[i] + up(levels[i + 1])
    return levels


def torch_db(nn, cat, depth=18, attention=None, width=32, deformable=None):
    """The authors' network. ``attention``: None (DBNet), ``spatial``, or ``channel`` (spatial and channel)."""
    inputs = [256, 512, 1024, 2048] if depth == 50 else [64, 128, 256, 512]
    quarter = width // 4

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            if attention == "channel":
                self.channel_wise = nn.Sequential(
                    nn.AdaptiveAvgPool2d(1), nn.Conv2d(quarter, quarter // 4, 1, bias=False), nn.ReLU(),
                    nn.Conv2d(quarter // 4, quarter, 1, bias=False), nn.Sigmoid(),
                )  # fmt: skip
            self.spatial_wise = nn.Sequential(
                nn.Conv2d(1, 1, 3, 1, 1, bias=False), nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False), nn.Sigmoid()
            )
            self.attention_wise = nn.Sequential(nn.Conv2d(quarter, 4, 1, bias=False), nn.Sigmoid())

        def forward(self, x):
            if attention == "channel":
                x = self.channel_wise(x) + x
            return self.attention_wise(self.spatial_wise(x.mean(axis=1, keepdims=True)) + x)

    class Fusion(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(width, quarter, 3, 1, 1)
            self.enhanced_attention = Attention()

        def forward(self, maps):
            gates = self.enhanced_attention(self.conv(cat(maps, 1)))
            return cat([gates[:, i : i + 1] * level for i, level in enumerate(maps)], 1)

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            for i, channels in enumerate(inputs):
                setattr(self, f"in{i + 2}", nn.Conv2d(channels, width, 1, bias=False))
                out = nn.Conv2d(width, quarter, 3, 1, 1, bias=False)
                setattr(self, f"out{i + 2}", nn.Sequential(out, nn.Upsample(scale_factor=2**i)) if i else out)
            if attention:
                self.concat_attention = Fusion()
            self.binarize = branch(nn, width)
            self.thresh = branch(nn, width)

        def forward(self, maps):
            levels = top_down(nn, [getattr(self, f"in{i + 2}")(m) for i, m in enumerate(maps)])
            joined = [getattr(self, f"out{i + 2}")(levels[i]) for i in (3, 2, 1, 0)]
            return self.binarize(self.concat_attention(joined) if attention else cat(joined, 1))

    return chain(nn, backbone=resnet(nn, depth, classes=10, deformable=deformable), decoder=Decoder())


def mmocr(nn, cat, depth=18, fusion=False, width=32, head="det_head", deformable=None):
    """MMOCR's network: its levels are joined finest first, its fusion works on all channels."""
    inputs = [256, 512, 1024, 2048] if depth == 50 else [64, 128, 256, 512]

    class ConvModule(nn.Module):
        def __init__(self, source, target, kernel, activation=None, bias=False):
            super().__init__()
            self.conv = nn.Conv2d(source, target, kernel, 1, kernel // 2, bias=bias)
            self.activate = activation

        def forward(self, x):
            x = self.conv(x)
            return x if self.activate is None else self.activate(x)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.avg_pool = nn.AdaptiveAvgPool2d(1)
            self.channel_wise = nn.Sequential(
                ConvModule(width, width // 4, 1, nn.ReLU()), ConvModule(width // 4, width, 1, nn.Sigmoid())
            )
            self.spatial_wise = nn.Sequential(ConvModule(1, 1, 3, nn.ReLU()), ConvModule(1, 1, 1, nn.Sigmoid()))
            self.attention_wise = ConvModule(width, 4, 1, nn.Sigmoid())

        def forward(self, x):
            x = self.channel_wise(self.avg_pool(x)) + x
            return self.attention_wise(self.spatial_wise(x.mean(axis=1, keepdims=True)) + x)

    class FPNC(nn.Module):
        def __init__(self):
            super().__init__()
            self.lateral_convs = nn.ModuleList([ConvModule(channels, width, 1) for channels in inputs])
            self.smooth_convs = nn.ModuleList([ConvModule(width, width // 4, 3) for _ in inputs])
            if fusion:
                self.asf_conv = ConvModule(width, width, 3, bias=True)
                self.asf_attn = Attention()

        def forward(self, maps):
            levels = top_down(nn, [conv(m) for conv, m in zip(self.lateral_convs, maps)])
            joined = [nn.Upsample(scale_factor=2**i)(self.smooth_convs[i](levels[i])) for i in range(4)]
            if fusion:
                gates = self.asf_attn(self.asf_conv(cat(joined, 1)))
                joined = [gates[:, i : i + 1] * joined[i] for i in range(4)]
            return cat(joined, 1)

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.binarize = branch(nn, width, last=False)
            self.threshold = branch(nn, width)
            self.sigmoid = nn.Sigmoid()

        def forward(self, x):
            return self.sigmoid(self.binarize(x))

    return chain(nn, backbone=resnet(nn, depth, deformable=deformable), neck=FPNC(), **{head: Head()})


def chain(nn, **parts):
    """The named modules one after the other."""

    class Chain(nn.Module):
        def __init__(self):
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)

        def forward(self, x):
            for name in parts:
                x = getattr(self, name)(x)
            return x

    return Chain()
