"""One file of each source, with random weights, under the names that docs/weights.md uses."""

from pathlib import Path

import numpy_nn as nn
import source_networks as sources
from mobile_networks import paddle_detector, paddle_names
from weight_files import save_paddle, save_torch


def write_sources(folder: Path) -> None:
    """Write ic15_resnet18.pth, resnet18.pth, dbnet_mmocr.pth and best_accuracy.pdparams."""
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
