import json

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor, nn

from mindocr.errors import CheckpointError
from mindocr.models import build_model, load_weights, read_checkpoint


class Small(nn.Cell):
    """Two layers under ``head.``, with names such as ``head.0.weight``."""

    def __init__(self, width=4):
        super().__init__()
        self.head = nn.SequentialCell([nn.Dense(3, width), nn.Dense(width, 2)])

    def construct(self, x):
        return self.head(x)


@pytest.fixture
def saved(tmp_path):
    net = Small()
    ms.save_checkpoint(net, str(tmp_path / "small.ckpt"))
    return net, tmp_path / "small.ckpt"


def entries(net):
    return {p.name: p for p in net.get_parameters()}


@pytest.mark.parametrize("form", ["ckpt", "safetensors", "with_crc"])
def test_round_trip(tmp_path, form):
    net, target = Small(), Small()
    suffix = "safetensors" if form == "safetensors" else "ckpt"
    path = tmp_path / f"net.{suffix}"
    ms.save_checkpoint(net, str(path), format=suffix, crc_check=form == "with_crc")
    report = load_weights(target, path)
    assert sorted(report.loaded) == ["head.0.bias", "head.0.weight", "head.1.bias", "head.1.weight"]
    assert (report.missing, report.unexpected, report.mismatched) == ([], [], [])
    for ours, theirs in zip(target.get_parameters(), net.get_parameters()):
        np.testing.assert_array_equal(ours.asnumpy(), theirs.asnumpy())


def test_state_of_the_training_is_left_out_knowingly(saved):
    net, _ = saved
    extra = ["moments.head.0.weight", "moment1.head.0.weight", "learning_rate", "global_step", "ema.head.0.weight"]
    report = load_weights(Small(), {**entries(net), **{name: Tensor(np.ones(3, np.float32)) for name in extra}})
    assert report.ignored == extra


def test_a_network_may_have_a_parameter_called_like_training_state():
    net = nn.CellDict({"momentum": nn.Dense(2, 2)})
    source = {name: Tensor(np.full(p.shape, 3, np.float32)) for name, p in net.parameters_and_names()}
    assert load_weights(net, source).ignored == []


def test_all_differences_in_one_message_and_nothing_changed(saved):
    net, _ = saved
    source = entries(net)
    del source["head.1.bias"]
    source["head.0.weight"] = Tensor(np.zeros((5, 3), np.float32))
    source["tail.weight"] = Tensor(np.zeros(1, np.float32))
    source["head.1.weight"] = Tensor(np.full((2, 4), 7, np.float32))
    target = Small()
    with pytest.raises(CheckpointError) as caught:
        load_weights(target, source)
    message = str(caught.value)
    assert "1 not in the checkpoint: head.1.bias" in message
    assert "1 not in the network: tail.weight" in message
    assert "head.0.weight is (5, 3), the network has (4, 3)" in message
    assert not (target.head[1].weight.asnumpy() == 7).any()
    report = load_weights(target, source, strict=False)
    assert sorted(report.loaded) == ["head.0.bias", "head.1.weight"]
    assert (target.head[1].weight.asnumpy() == 7).all()


def test_nothing_in_common_is_an_error_even_when_not_strict(saved):
    with pytest.raises(CheckpointError, match="0 parameters fit"):
        load_weights(saved[0], {"other.weight": Tensor(np.zeros(1, np.float32))}, strict=False)


def test_prefix_takes_one_part_of_a_checkpoint(saved):
    net, path = saved
    part = nn.SequentialCell([nn.Dense(3, 4), nn.Dense(4, 2)])
    report = load_weights(part, path, prefix="head.")
    assert report.missing == []
    np.testing.assert_array_equal(part[0].weight.asnumpy(), net.head[0].weight.asnumpy())


def test_half_precision_is_read_into_float32(saved):
    net, _ = saved
    target = Small()
    load_weights(target, {name: p.astype(ms.float16) for name, p in entries(net).items()})
    assert target.head[0].weight.dtype == ms.float32
    np.testing.assert_allclose(target.head[0].weight.asnumpy(), net.head[0].weight.asnumpy(), atol=1e-3)


def test_checkpoint_of_another_model_is_recognised(tmp_path):
    ms.save_checkpoint(build_model("dbnet_resnet18"), str(tmp_path / "best.ckpt"))
    with pytest.raises(CheckpointError) as caught:
        build_model("dbnet_mobilenetv3", ckpt=tmp_path / "best.ckpt")
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "best.ckpt"))
    assert "fits the named model dbnet_resnet18, this network is dbnet_mobilenetv3" in message


def test_files_cut_short(saved, tmp_path):
    whole = saved[1].read_bytes()
    for size in range(1, len(whole)):
        (tmp_path / "cut.ckpt").write_bytes(whole[:size])
        try:
            read = read_checkpoint(tmp_path / "cut.ckpt")
        except CheckpointError as error:
            assert "cut.ckpt" in str(error)
        else:  # cut between two entries: the file is sound, and the loader misses names
            with pytest.raises(CheckpointError, match="not in the checkpoint"):
                load_weights(Small(), read)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
@pytest.mark.parametrize("form", ["ckpt", "safetensors"])
def test_a_cut_file_says_so(tmp_path, share, form):
    path = tmp_path / f"net.{form}"
    ms.save_checkpoint(nn.Dense(50, 60), str(path), format=form)
    whole = path.read_bytes()
    cut = tmp_path / f"cut.{form}"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match=rf"cut.{form}: cut short: \d+ bytes, at least \d+ expected"):
        read_checkpoint(cut)


def test_a_flipped_bit_is_noticed_with_crc(tmp_path):
    ms.save_checkpoint(Small(), str(tmp_path / "net.ckpt"), crc_check=True)
    data = bytearray((tmp_path / "net.ckpt").read_bytes())
    data[80] ^= 1
    (tmp_path / "flipped.ckpt").write_bytes(data)
    with pytest.raises(CheckpointError, match="flipped.ckpt: damaged"):
        read_checkpoint(tmp_path / "flipped.ckpt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (
            b"PK\x03\x04" + bytes(100),
            "but a zip archive, such as PyTorch writes; .* 'mindocr convert-weights' converts such weights",
        ),
        (b"<!DOCTYPE html><html>", "but a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS pointer"),
        (b"just some text", "not a MindSpore checkpoint; expected a file that"),
        (bytes(500), "not a MindSpore checkpoint"),
        (b"\x0a\x05\x0a\x03abc" + b"\x77" * 20, "damaged at byte 7"),
    ],
)
def test_files_that_are_no_checkpoints(tmp_path, content, message):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"x\.ckpt: .*{message}"):
        read_checkpoint(tmp_path / "x.ckpt")


@pytest.mark.parametrize("content", [b"abc", b"\x05" + bytes(7) + b"[1,2]", b"\xff" * 40])
def test_no_safetensors(tmp_path, content):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x\.safetensors: not a MindSpore checkpoint"):
        read_checkpoint(tmp_path / "x.safetensors")


def test_missing_files_and_folders(saved, tmp_path):
    with pytest.raises(CheckpointError, match="best.ckpt: no such file; the folder has small.ckpt"):
        read_checkpoint(tmp_path / "best.ckpt")
    with pytest.raises(CheckpointError, match="no such file; the folder .* does not exist either"):
        read_checkpoint(tmp_path / "nowhere" / "best.ckpt")
    with pytest.raises(CheckpointError, match="a folder, not a checkpoint file; the folder has small.ckpt"):
        read_checkpoint(tmp_path)


SLOW = {"dbnet_resnet50", "dbnetpp_resnet50"}
MODELS = ["dbnet_mobilenetv3", "dbnet_ppocrv3", "dbnet_resnet18", *sorted(SLOW)]


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in MODELS])
def test_files_with_mindocrs_names_and_shapes_load_strictly(name, shared_dir, tmp_path):
    """Nothing missing, nothing extra; every array gets the right name."""
    shapes = json.loads((shared_dir / "compat" / f"{name}.json").read_text(encoding="utf-8"))
    entries = [{"name": key, "data": Tensor(np.full(s, i, np.float32))} for i, (key, s) in enumerate(shapes.items())]
    ms.save_checkpoint(entries, str(tmp_path / "mindocr.ckpt"))
    loaded = dict(build_model(name, ckpt=tmp_path / "mindocr.ckpt").parameters_and_names())
    assert list(loaded) == list(shapes)
    assert [float(value.asnumpy().flat[0]) for value in loaded.values()] == list(range(len(shapes)))
