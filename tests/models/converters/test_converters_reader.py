"""Files of other projects: every format is read correctly; damaged or hostile ones are refused, nothing is executed."""

import os
import pickle
import struct
import sys
import zipfile

import numpy as np
import pytest
import weight_files as files

from mindocr.errors import CheckpointError
from mindocr.models.converters.reader import read_weights


@pytest.fixture
def arrays():
    rng = np.random.default_rng(2)
    return {
        "conv.weight": rng.standard_normal((4, 3, 2, 2)).astype(np.float32),
        "conv.bias": rng.standard_normal(4).astype(np.float16),
        "bn.num_batches_tracked": np.array(12345678901, np.int64),
    }


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape, name
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("save", [files.save_torch, files.save_torch_legacy])
def test_pytorchs_formats(tmp_path, arrays, save):
    assert_same(read_weights(save(tmp_path / "net.pth", arrays)), arrays)


@pytest.mark.parametrize("zipped", [True, False])
def test_files_that_pytorch_itself_wrote(tmp_path, arrays, zipped):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    tensors["half"] = torch.tensor([1.5, -2.25, 3e38]).to(torch.bfloat16)
    tensors["turned"] = torch.arange(6.0).reshape(2, 3).T
    tensors["parameter"] = torch.nn.Parameter(torch.ones(2))
    tensors["first"] = tensors["second"] = torch.zeros(3)
    content = {"state_dict": tensors, "epoch": 3, "lr": [0.1], "device": torch.device("cpu"), "size": torch.Size([2])}
    torch.save(content, tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    expected = {name: tensor.detach().float().numpy() for name, tensor in tensors.items() if name not in arrays}
    assert_same(read_weights(tmp_path / "net.pth"), {**arrays, **expected})


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_paddles_format(tmp_path, arrays, protocol):
    arrays["fortran"] = np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))
    arrays["big_endian"] = np.arange(3, dtype=">f4")
    found = read_weights(files.save_paddle(tmp_path / "net.pdparams", arrays, protocol))
    table = found.pop("StructuredToParameterName@@")
    assert table["conv.weight"] == "linear_0"
    assert_same(found, arrays)


def test_safetensors(tmp_path):
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    header = b'{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
    (tmp_path / "net.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + value.tobytes())
    assert_same(read_weights(tmp_path / "net.safetensors"), {"w": value})


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_weights_inside_a_training_checkpoint(tmp_path, arrays, key):
    del arrays["bn.num_batches_tracked"]

    def wrap(state):
        history = files.call("mmengine.logging.history_buffer", "HistoryBuffer", b")") + b"}" + files.text("x") + b"Nsb"
        return files.dictionary({key: state, "epoch": b"K\x05", "message_hub": history, "optimizer": b"}"})

    assert_same(read_weights(files.save_torch(tmp_path / "net.pth", arrays, wrap)), arrays)


def test_views_share_a_storage(tmp_path):
    block = np.arange(12, dtype=np.float32)
    state = files.dictionary({"turned": files.tensor("0", block[:6].reshape(2, 3), None, 4, (1, 2))}).replace(
        files.number(6), files.number(12), 1
    )
    found = read_weights(files.write_zip(tmp_path / "net.pth", state, [block.tobytes()]))
    np.testing.assert_array_equal(found["turned"], [[4, 6, 8], [5, 7, 9]])


class Payload:
    """Unpickling this runs a command."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def hostile(tmp_path):
    """name -> pickle that would leave a file behind."""
    mark = f"touch {tmp_path / 'executed'}"
    return {
        "posix.system": Payload(os.system, mark),
        "builtins.eval": Payload(eval, f"open({str(tmp_path / 'executed')!r}, 'w')"),
        "builtins.exec": Payload(exec, f"open({str(tmp_path / 'executed')!r}, 'w')"),
    }


@pytest.mark.parametrize("form", ["zip", "legacy", "paddle"])
@pytest.mark.parametrize("name", ["posix.system", "builtins.eval", "builtins.exec"])
def test_planted_code_is_refused_and_not_run(tmp_path, name, form):
    content = pickle.dumps({"state_dict": {"w": hostile(tmp_path)[name]}}, 2)
    path = tmp_path / "net.pth"
    if form == "zip":
        files.write_zip(path, content[2:-1], [])
    elif form == "legacy":
        path.write_bytes(b"".join(pickle.dumps(part, 2) for part in (files.MAGIC, 1001, {})) + content)
    else:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"net.pth: it asks for '{name}', .* nothing of it was executed"):
        read_weights(path)
    assert not (tmp_path / "executed").exists()
    pickle.loads(content)
    assert (tmp_path / "executed").exists(), "Python itself does not run the planted code either: the test is void"


def test_a_way_round_by_getattr_finds_nothing(tmp_path):
    """builtins.getattr occurs in harmless files; here it and its result do nothing."""
    mark = files.text(f"touch {tmp_path / 'executed'}")
    opcodes = b"cbuiltins\ngetattr\n(cmmengine.config\nos\n" + files.text("system") + b"tR(" + mark + b"tR"
    files.write_zip(tmp_path / "net.pth", files.dictionary({"w": opcodes}), [])
    with pytest.raises(CheckpointError, match="holds no weights by name"):
        read_weights(tmp_path / "net.pth")
    assert "mmengine" not in sys.modules and not (tmp_path / "executed").exists()


def test_a_whole_module_is_refused_with_advice(tmp_path):
    opcodes = b"cmy_project.models\nDBNet\n)\x81}b"
    files.write_zip(tmp_path / "net.pth", opcodes, [])
    with pytest.raises(CheckpointError, match=r"asks for 'my_project.models.DBNet'.*torch.save\(model.state_dict"):
        read_weights(tmp_path / "net.pth")


def test_arrays_of_objects_are_refused(tmp_path):
    (tmp_path / "x.pdparams").write_bytes(pickle.dumps({"w": np.array([{}, 1], object)}, 4))
    with pytest.raises(CheckpointError, match="arrays of type 'O8' are not read"):
        read_weights(tmp_path / "x.pdparams")


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [((2, 7), (7, 1), 0), ((2, 2), (2, 1), 9), ((2,), (-1,), 3), ((2,), (1,), -1), ((2, 2), (1,), 0)],
)
def test_tensors_beyond_their_storage(tmp_path, shape, strides, offset):
    block = np.zeros(12, np.float32)
    state = files.dictionary({"w": files.tensor("0", block, None, offset, strides)})
    state = state.replace(files.numbers((12,)), files.numbers(shape))
    files.write_zip(tmp_path / "net.pth", state, [block.tobytes()])
    with pytest.raises(CheckpointError, match="is impossible|reaches beyond its 12 numbers"):
        read_weights(tmp_path / "net.pth")


@pytest.mark.parametrize("save", [files.save_torch, files.save_torch_legacy, files.save_paddle])
def test_every_cut_is_noticed(tmp_path, arrays, save):
    whole = save(tmp_path / "whole", arrays).read_bytes()
    cut = tmp_path / "cut.pth"
    for size in range(0, len(whole) - 1, 7):
        cut.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="cut.pth: "):
            read_weights(cut)


def test_flipped_bytes_never_crash(tmp_path, arrays):
    whole = files.save_torch_legacy(tmp_path / "whole", arrays).read_bytes()
    read = refused = 0
    for i in range(len(whole)):
        data = bytearray(whole)
        data[i] ^= 0xFF
        (tmp_path / "net.pth").write_bytes(data)
        try:
            read_weights(tmp_path / "net.pth")
            read += 1
        except CheckpointError:
            refused += 1
    assert read and refused  # a flipped number is read, a flipped opcode is not


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.writestr("archive/constants.pkl", b""), "a TorchScript program must be loaded and saved again"),
        (lambda a: a.writestr("other/data.pkl", b""), "a zip archive, but not one of plain weights"),
    ],
)
def test_other_archives(tmp_path, arrays, change, message):
    path = files.save_torch(tmp_path / "net.pth", arrays)
    with zipfile.ZipFile(path, "a") as archive:
        change(archive)
    with pytest.raises(CheckpointError, match=message):
        read_weights(path)


def test_compressed_blocks_are_refused(tmp_path):
    block = np.zeros(4, np.float32)
    state = files.state({"w": block})
    path = files.write_zip(tmp_path / "net.pth", state, [block.tobytes()], zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckpointError, match="is compressed"):
        read_weights(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "but an empty file"),
        (b"some text", r"begins with b'some'"),
        (b"<!DOCTYPE html>", "not a file of weights of PyTorch"),
        (pickle.dumps([1, 2], 2), "holds no weights by name"),
        (pickle.dumps({"epoch": 3}, 4), "holds no weights by name"),
        (b"PK\x03\x04" + bytes(40), "damaged or cut short"),
        (b"\x80\x02}q\x01X\xff\xff\xff\x7fw.", "damaged"),
    ],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "net.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"net.pth: .*{message}"):
        read_weights(tmp_path / "net.pth")


def test_no_file(tmp_path):
    with pytest.raises(CheckpointError, match="absent.pth: cannot be read .No such file"):
        read_weights(tmp_path / "absent.pth")
    with pytest.raises(CheckpointError, match="cannot be read .Is a directory"):
        read_weights(tmp_path)
