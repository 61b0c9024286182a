"""One file of each source, with random weights, under the names that docs/weights.md uses."""

from pathlib import Path

import numpy_nn as nn
import source_networks as sources
from mobile_networks import paddle_detector, paddle_names
from model_zoo_network import ctpn, save_checkpoint, torchvision_vgg
from weight_files import save_paddle, save_torch


def write_sources(folder: Path) -> None:
    """Write a file of each source."""
    save_checkpoint(folder / "ctpn_pretrain.ckpt", ctpn())
    vgg = torchvision_vgg(norm=True).state_dict()
    save_torch(folder / "vgg16_bn.pth", {f"features.{name}": array for name, array in vgg.items()})
    nets = {
        "ic15_resnet18.pth": ("model.module.", sources.torch_db(nn, nn.cat)),
        "resnet18.pth": ("", sources.resnet(nn, 18, classes=1000)),
        "dbnet_mmocr.pth": ("", sources.mmocr(nn, nn.cat)),
        "best_accuracy.pdparams": ("", paddle_detector(nn, nn.cat, neck="RSEFPN")),
    }
    for name, (prefix, net) in nets.items():
        arrays = sources.randomise({prefix + key: array.shape for key, array in net.state_dict().items()})
        if name.endswith(".pdparams"):
            save_paddle(folder / name, paddle_names(arrays))
        else:
            save_torch(folder / name, arrays)
