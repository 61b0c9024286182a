"""The part of torch.nn that the networks in source_networks.py use, in NumPy, so that they run without PyTorch.

Layers keep PyTorch's names and shapes of parameters; a test compares each layer with PyTorch's where that is installed.
"""

import numpy as np
from deformable_reference import deform_conv2d


class Module:
    """Finds its parameters in its attributes, as PyTorch's does."""

    def __call__(self, *inputs):
        return self.forward(*inputs)

    def state_dict(self, prefix=""):
        """Name -> array."""
        found = {}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                found[prefix + name] = value
            elif isinstance(value, Module):
                found |= value.state_dict(f"{prefix}{name}.")
        return found

    def load_state_dict(self, arrays):
        """Set every parameter; all must be there."""
        own = self.state_dict()
        assert own.keys() == arrays.keys()
        for name, value in arrays.items():
            owner, *path = self, *name.split(".")
            for part in path[:-1]:
                owner = getattr(owner, part)
            assert own[name].shape == value.shape, name
            setattr(owner, path[-1], value)


class Sequential(Module):
    def __init__(self, *layers):
        for i, layer in enumerate(layers):
            setattr(self, str(i), layer)

    def __iter__(self):
        return iter(vars(self).values())

    def __getitem__(self, index):
        return list(self)[index]

    def forward(self, x):
        for layer in self:
            x = layer(x)
        return x


class ModuleList(Sequential):
    def __init__(self, layers):
        super().__init__(*layers)


def windows(x, size, stride):
    """(N, C, H, W) -> (N, C, h, w, size, size)."""
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))[:, :, ::stride, ::stride]


def pad(x, width, value=0.0):
    return np.pad(x, ((0, 0), (0, 0), (width, width), (width, width)), constant_values=value)


class Conv2d(Module):
    def __init__(self, inputs, outputs, kernel_size, stride=1, padding=0, groups=1, bias=True):
        self.weight = np.zeros((outputs, inputs // groups, kernel_size, kernel_size), np.float32)
        self.bias = np.zeros(outputs, np.float32) if bias else None
        self.settings = (kernel_size, stride, padding, groups)

    def forward(self, x):
        size, stride, padding, groups = self.settings
        parts = []
        for weight, part in zip(np.split(self.weight, groups), np.split(pad(x, padding), groups, 1)):
            seen = windows(part, size, stride)
            n, c, h, w = seen.shape[:4]
            flat = seen.transpose(0, 2, 3, 1, 4, 5).reshape(n, h * w, c * size * size)
            parts.append((flat @ weight.reshape(len(weight), -1).T).transpose(0, 2, 1).reshape(n, -1, h, w))
        y = np.concatenate(parts, 1)
        return y if self.bias is None else y + self.bias[:, None, None]


class ConvTranspose2d(Module):
    """Kernel 2, stride 2 only."""

    def __init__(self, inputs, outputs, kernel_size, stride):
        assert (kernel_size, stride) == (2, 2)
        self.weight = np.zeros((inputs, outputs, 2, 2), np.float32)
        self.bias = np.zeros(outputs, np.float32)

    def forward(self, x):
        n, _, h, w = x.shape
        y = np.einsum("nchw,cokl->nohkwl", x, self.weight, optimize=True)
        return y.reshape(n, -1, 2 * h, 2 * w) + self.bias[:, None, None]


class BatchNorm2d(Module):
    """In inference."""

    def __init__(self, channels, eps=1e-5):
        self.weight, self.bias = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        self.running_mean, self.running_var = np.zeros(channels, np.float32), np.ones(channels, np.float32)
        self.num_batches_tracked = np.array(0, np.int64)
        self.eps = eps

    def forward(self, x):
        scale = self.weight / np.sqrt(self.running_var + np.float32(self.eps))
        return x * scale[:, None, None] + (self.bias - self.running_mean * scale)[:, None, None]


class Linear(Module):
    def __init__(self, inputs, outputs):
        self.weight, self.bias = np.zeros((outputs, inputs), np.float32), np.zeros(outputs, np.float32)


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride, padding):
        self.settings = (kernel_size, stride, padding)

    def forward(self, x):
        size, stride, padding = self.settings
        return windows(pad(x, padding, -np.inf), size, stride).max((4, 5))


class AvgPool2d(Module):
    """Means of 2x2 pixels of maps of even size."""

    def __init__(self, kernel_size, stride):
        assert (kernel_size, stride) == (2, 2)

    def forward(self, x):
        return windows(x, 2, 2).mean((4, 5))


class DeformConv2d(Module):
    """As in torchvision; a map of shifts of another size is read as memory, as the authors' CUDA code does."""

    def __init__(self, inputs, outputs, stride, groups=1):
        self.weight = np.zeros((outputs, inputs, 3, 3), np.float32)
        self.settings = (stride, groups)

    def forward(self, x, shifts, masks):
        stride, groups = self.settings
        size = [(side - 1) // stride + 1 for side in x.shape[2:]]
        shifts, masks = (reread(values, size) for values in (shifts, masks))
        return deform_conv2d(x, self.weight, shifts, masks, stride, groups).astype(np.float32)


def reread(values, size):
    """The first numbers of each sample as maps of this size."""
    n, c = values.shape[:2]
    return values.reshape(n, -1)[:, : c * size[0] * size[1]].reshape(n, c, *size)


class AdaptiveAvgPool2d(Module):
    """To one pixel only."""

    def __init__(self, output_size):
        assert output_size == 1

    def forward(self, x):
        return x.mean((2, 3), keepdims=True)


class Upsample(Module):
    """Nearest neighbour only."""

    def __init__(self, scale_factor):
        self.scale_factor = scale_factor

    def forward(self, x):
        return x.repeat(self.scale_factor, 2).repeat(self.scale_factor, 3)


class ReLU(Module):
    def forward(self, x):
        return np.maximum(x, 0)


class Sigmoid(Module):
    def forward(self, x):
        return 1 / (1 + np.exp(-x))


class Hardsigmoid(Module):
    def forward(self, x):
        return np.clip(x + 3, 0, 6) / 6


class Hardswish(Module):
    def forward(self, x):
        return x * np.clip(x + 3, 0, 6) / 6


def cat(values, axis):
    return np.concatenate(values, axis)
