"""CTPN of MindSpore's model zoo and torchvision's VGG-16, as names and shapes with random weights."""

import mindspore as ms
import numpy as np
import numpy_nn
import source_networks as sources
from mindspore import Tensor

from mindocr.models.backbones.vgg16 import BLOCKS

RNG = np.random.default_rng(5)
HIDDEN, INPUTS, ANCHORS = 128, 512, 14
LIMIT = HIDDEN**-0.5


def uniform(*shape, limit=LIMIT):
    return RNG.uniform(-limit, limit, shape).astype(np.float32)


def dynamic_rnn(limit=LIMIT):
    return {
        f"rnn.{name}{end}": uniform(*shape, limit=limit)
        for end in ("", "_bw")
        for name, shape in (("w1", (INPUTS + HIDDEN, 4 * HIDDEN)), ("b1", (4 * HIDDEN,)))
    }


def lstm(limit=LIMIT):
    shapes = {"weight_ih": (4 * HIDDEN, INPUTS), "weight_hh": (4 * HIDDEN, HIDDEN), "bias_ih": (4 * HIDDEN,),
              "bias_hh": (4 * HIDDEN,)}  # fmt: skip
    return {
        f"rnn2.{name}_l0{end}": uniform(*shape, limit=limit)
        for end in ("", "_reverse")
        for name, shape in shapes.items()
    }


def vgg(prefix):
    found, source = {}, 3
    for block, (width, count) in enumerate(BLOCKS, 1):
        for number in range(1, count + 1):
            layer = f"{prefix}conv{block}_{number}"
            found[f"{layer}.0.weight"] = uniform(width, source, 3, 3, limit=(6 / (9 * source)) ** 0.5)
            for name in ("gamma", "beta", "moving_mean", "moving_variance"):
                found[f"{layer}.1.{name}"] = np.abs(uniform(width, limit=0.1)) + (name in ("gamma", "moving_variance"))
            source = width
    return found


def without_backbone(ascend=0.3, other=LIMIT):
    """All layers of CTPN but its backbone; the first LSTM runs on Ascend, the second on other devices."""
    heads = "rpn_with_loss.rpn_convs_list."
    return {
        "conv.weight": uniform(512, 512, 3, 3, limit=0.03),
        **dynamic_rnn(ascend),
        **lstm(other),
        **{f"{heads}{name}.weight": uniform(n, m) for name, n, m in
           (("lstm_fc", 512, 256), ("rpn_cls", 2 * ANCHORS, 512), ("rpn_reg", 4 * ANCHORS, 512))},
        **{f"{heads}{name}.bias": uniform(n) for name, n in
           (("lstm_fc", 512), ("rpn_cls", 2 * ANCHORS), ("rpn_reg", 4 * ANCHORS))},
    }  # fmt: skip


def ctpn():
    return {**vgg("vgg16_feature_extractor."), **without_backbone()}


def save_checkpoint(path, arrays):
    ms.save_checkpoint([{"name": name, "data": Tensor(array)} for name, array in arrays.items()], str(path))
    return path


def torchvision_vgg(norm, widths=BLOCKS):
    """The features of torchvision's vgg16 or vgg16_bn, without its last pooling."""
    layers, source = [], 3
    for block, (width, count) in enumerate(widths):
        layers += [numpy_nn.MaxPool2d(2, 2, 0)] if block else []
        for _ in range(count):
            layers += [numpy_nn.Conv2d(source, width, 3, 1, 1), *([numpy_nn.BatchNorm2d(width)] if norm else [])]
            layers.append(numpy_nn.ReLU())
            source = width
    net = numpy_nn.Sequential(*layers)
    net.load_state_dict(sources.randomise({name: a.shape for name, a in net.state_dict().items()}))
    return net
