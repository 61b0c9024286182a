"""A network of the source with random weights, and ours with those weights converted, compute the same."""

import mindspore as ms
import numpy as np
import numpy_nn
import pytest
import source_networks as sources
from mindspore import Tensor
from mobile_networks import LARGE, SMALL, paddle_detector, paddle_names, torchvision_mobilenet
from paddle_resnets import paddle_large
from weight_files import save_paddle, save_torch

from mindocr.engine.export.weights_converter import convert_file
from mindocr.models import build_model, load_weights
from mindocr.registry import BACKBONES

TOLERANCE = 1e-4

# name: (--from, made of (nn, cat))
DETECTORS = {
    "torch-db resnet18": ("torch-db", lambda nn, cat: sources.torch_db(nn, cat)),
    "torch-db resnet18 ++": ("torch-db", lambda nn, cat: sources.torch_db(nn, cat, attention="channel", width=64)),
    "torch-db resnet18 spatial": ("torch-db", lambda nn, cat: sources.torch_db(nn, cat, attention="spatial", width=64)),
    "torch-db resnet50": ("torch-db", lambda nn, cat: sources.torch_db(nn, cat, depth=50)),
    "mmocr resnet18": ("mmocr", lambda nn, cat: sources.mmocr(nn, cat)),
    "mmocr resnet18 ++": ("mmocr", lambda nn, cat: sources.mmocr(nn, cat, fusion=True, head="bbox_head")),
    "mmocr resnet50 ++": ("mmocr", lambda nn, cat: sources.mmocr(nn, cat, depth=50, fusion=True)),
    "paddle v2": ("paddle", lambda nn, cat: paddle_detector(nn, cat)),
    "paddle v3": ("paddle", lambda nn, cat: paddle_detector(nn, cat, neck="RSEFPN")),
    "paddle SE ++": ("paddle", lambda nn, cat: paddle_detector(nn, cat, excite=True, fusion=True, width=64)),
    "paddle small": ("paddle", lambda nn, cat: paddle_detector(nn, cat, SMALL, 0.35, excite=True)),
    "paddle server": ("paddle", lambda nn, cat: paddle_large(nn, cat)),
    "paddle teacher": ("paddle", lambda nn, cat: paddle_large(nn, cat, 50, "large", kernel=7)),
    "paddle lite": ("paddle", lambda nn, cat: paddle_large(nn, cat, neck="lite")),
}
# PyTorch itself has no deformable convolution, so these run in NumPy alone.
DEFORMABLE = {
    "torch-db resnet18": ("torch-db", lambda nn, cat: sources.torch_db(nn, cat, deformable="authors")),
    "torch-db resnet50 ++": (
        "torch-db",
        lambda nn, cat: sources.torch_db(nn, cat, 50, "channel", width=64, deformable="authors"),
    ),
    "mmocr resnet18": ("mmocr", lambda nn, cat: sources.mmocr(nn, cat, deformable="mmocr")),
    "paddle resnet50_vd": ("paddle", lambda nn, cat: paddle_large(nn, cat, 50, deformable=True)),
}
BACKBONE_NETS = {
    "resnet18": lambda nn: sources.resnet(nn, 18, classes=10),
    "resnet50": lambda nn: sources.resnet(nn, 50, classes=10),
    "mobilenet large": lambda nn: torchvision_mobilenet(nn, LARGE),
    "mobilenet small": lambda nn: torchvision_mobilenet(nn, SMALL),
}
FAST = {
    "paddle lite",
    "torch-db resnet18 ++",
    "mmocr resnet18 ++",
    "paddle v3",
    "paddle SE ++",
    "resnet18",
    "mobilenet large",
}


def marked(names):
    return [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in names]


class NumpySource:
    """Builds, fills, runs and saves a source network without PyTorch."""

    nn, cat = numpy_nn, staticmethod(numpy_nn.cat)

    @staticmethod
    def fill(net):
        net.load_state_dict(sources.randomise({name: a.shape for name, a in net.state_dict().items()}))

    @staticmethod
    def run(net, x):
        return net(x)

    @staticmethod
    def arrays(net):
        return net.state_dict()

    @staticmethod
    def save(net, path, prefix):
        save_torch(path, {prefix + name: array for name, array in net.state_dict().items()})


class TorchSource:
    """The same with PyTorch itself: its layers, its torch.save."""

    def __init__(self, torch):
        self.torch, self.nn, self.cat = torch, torch.nn, torch.cat

    def fill(self, net):
        arrays = sources.randomise({name: tuple(t.shape) for name, t in net.state_dict().items()})
        net.load_state_dict({name: self.torch.from_numpy(np.array(array)) for name, array in arrays.items()})

    def run(self, net, x):
        with self.torch.no_grad():
            y = net.eval()(self.torch.from_numpy(x))
        return [m.numpy() for m in y] if isinstance(y, list) else y.numpy()

    def arrays(self, net):
        return {name: t.numpy() for name, t in net.state_dict().items()}

    def save(self, net, path, prefix):
        self.torch.save({prefix + name: t for name, t in net.state_dict().items()}, path)


@pytest.fixture(params=["numpy", pytest.param("torch", marks=pytest.mark.slow)])
def make(request):
    """Runs the source networks: in NumPy always, in PyTorch where it is installed."""
    if request.param == "numpy":
        return NumpySource()
    return TorchSource(pytest.importorskip("torch", reason="PyTorch is not installed; the run in NumPy stands alone"))


@pytest.fixture(autouse=True)
def eager():
    """Each network runs once, so compiling it would be most of the time."""
    ms.set_context(mode=ms.PYNATIVE_MODE)


def picture(height=64, width=96):
    return np.random.default_rng(3).standard_normal((1, 3, height, width)).astype(np.float32)


@pytest.mark.parametrize("name", marked(DETECTORS))
def test_detectors_agree(name, make, tmp_path):
    check_detector(*DETECTORS[name], make, tmp_path)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n == "torch-db resnet18" else pytest.mark.slow) for n in DEFORMABLE]
)
def test_deformable_detectors_agree(name, tmp_path):
    check_detector(*DEFORMABLE[name], NumpySource(), tmp_path)


def check_detector(source, build, make, tmp_path):
    net = build(make.nn, make.cat)
    make.fill(net)
    expected = make.run(net, picture())
    if source == "paddle":
        path = save_paddle(tmp_path / "net.pdparams", paddle_names(make.arrays(net)))
    else:
        path = tmp_path / "net.pth"
        make.save(net, path, "model.module." if source == "torch-db" else "")
    converted = convert_file(source, path, tmp_path / "net.ckpt")
    ours = build_model(converted.conversion.spec, ckpt=converted.path).set_train(False)
    found = ours(Tensor(picture())).asnumpy()
    assert expected.shape == found.shape == (1, 1, 64, 96)
    assert expected.std() > 0.02
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", marked(BACKBONE_NETS))
def test_backbones_agree(name, make, tmp_path):
    net = BACKBONE_NETS[name](make.nn)
    make.fill(net)
    expected = make.run(net, picture())
    make.save(net, tmp_path / "net.pth", "")
    converted = convert_file("torchvision", tmp_path / "net.pth", tmp_path / "net.ckpt")
    backbone = BACKBONES.build(converted.conversion.spec["backbone"]).set_train(False)
    load_weights(backbone, converted.path)
    for theirs, ours in zip(expected, backbone(Tensor(picture()))):
        scale = np.abs(theirs).max()
        assert scale > 0.02
        np.testing.assert_allclose(ours.asnumpy() / scale, theirs / scale, atol=TOLERANCE, rtol=0)


def layers(nn):
    return {
        "convolution": nn.Conv2d(6, 8, 3, 2, 1), "grouped": nn.Conv2d(6, 6, 5, 2, 2, groups=6, bias=False),
        "transposed": nn.ConvTranspose2d(6, 4, 2, 2), "norm": nn.BatchNorm2d(6, eps=1e-3),
        "pooling": nn.MaxPool2d(3, 2, 1), "average": nn.AdaptiveAvgPool2d(1), "nearest": nn.Upsample(scale_factor=4),
        "swish": nn.Hardswish(), "gate": nn.Hardsigmoid(), "sigmoid": nn.Sigmoid(), "relu": nn.ReLU(),
    }  # fmt: skip


@pytest.mark.parametrize("name", layers(numpy_nn))
def test_layers_of_the_numpy_version_are_pytorchs(name):
    torch = TorchSource(pytest.importorskip("torch", reason="PyTorch is not installed"))
    ours, theirs = layers(numpy_nn)[name], layers(torch.nn)[name]
    NumpySource.fill(ours)
    torch.fill(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = 4 * np.random.default_rng(5).standard_normal((2, 6, 9, 12)).astype(np.float32)
    np.testing.assert_allclose(ours(x), torch.run(theirs, x), atol=1e-5)
