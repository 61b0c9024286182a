"""Weights of other projects: damaged files, and pickles that are programs."""

import pickle
import runpy
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mutations import cut, flip, noise, pick

from mindocr.errors import CheckpointError
from mindocr.models.converters import mmocr, paddle, torch_db, torchvision
from mindocr.models.converters.reader import read_weights

files = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "models/converters/weight_files.py")))
CONVERTERS = (torch_db, torchvision, mmocr, paddle)
SAVERS = {"net.pth": files.save_torch, "old.pth": files.save_torch_legacy, "net.pdparams": files.save_paddle}


def arrays(rng):
    """Entries with the names of a backbone, most of it missing, some of impossible shapes."""
    found = {}
    for name in ("conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "fc.weight",
                 "layer1.0.conv1.weight", "features.0.0.weight", "features.1.block.0.0.weight",
                 "module.model.decoder.x",
                 "backbone.conv1._conv.weight", "neck.in_conv.weight", "head.binarize.conv1.weight"):  # fmt: skip
        if rng.random() < 0.6:
            shape = rng.integers(0, 4, int(rng.integers(0, 5)))
            found[name] = rng.standard_normal(shape).astype(pick(rng, (np.float32, np.float16, np.float64, np.int64)))
    return found or {"w": np.zeros(2, np.float32)}


def use(file, converter):
    weights = read_weights(file)
    try:
        converter.convert(weights)
    except CheckpointError:
        assert weights  # another network: what a converter says to almost every one of these


def prepare(rng, arena):
    name = pick(rng, list(SAVERS))
    file = SAVERS[name](arena.inputs / name, arrays(rng))
    content, chance = file.read_bytes(), rng.random()
    if chance < 0.6:
        file.write_bytes(flip(content, rng))
    elif chance < 0.75:
        file.write_bytes(cut(content, rng))
    elif chance < 0.85:
        file.write_bytes(pick(rng, (b"PK\x03\x04", b"\x80\x02", b"\x80\x04")) + noise(b"", rng))
    converter = pick(rng, CONVERTERS)
    return lambda: use(file, converter)


def test_damaged_weights(fuzz):
    outcomes = fuzz("weights", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


def opcodes(text):
    """A pickle of protocol 2 out of raw opcodes."""
    return b"\x80\x02" + text + b"."


def zipped(state, blocks=(), method=zipfile.ZIP_STORED):
    return lambda arena: files.write_zip(arena.inputs / "net.pth", state, blocks, method)


def plain(content):
    def write(arena):
        (arena.inputs / "net.pth").write_bytes(content)
        return arena.inputs / "net.pth"

    return write


class Calls:
    """Unpickling this calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


BLOCK = np.zeros(4, np.float32)
HUGE = 2**40
WRITES = "open('stolen', 'w')"
CHOSEN = {
    "a command": plain(pickle.dumps({"w": Calls(exec, WRITES)}, 2)),
    "eval": plain(pickle.dumps({"w": Calls(eval, WRITES)}, 4)),
    "a lot of memory for one note": plain(opcodes(b"K\x01r" + struct.pack("<I", 2**27))),
    "text that is not there": plain(opcodes(b"X" + struct.pack("<I", 2**31 - 1))),
    "bytes that are not there": plain(b"\x80\x04\x8e" + struct.pack("<Q", 2**50) + b"."),
    "a frame that is not there": plain(b"\x80\x04\x95" + struct.pack("<Q", 2**50) + b"."),
    "nested deep": plain(opcodes(b"]" * 50_000 + b"a" * 49_999)),
    "mappings nested deep": plain(opcodes(b"}" + b"K\x01}" * 20_000 + b"s" * 20_000)),
    "a mapping within itself": plain(opcodes(b"}q\x00K\x01h\x00s")),
    "a number of a million digits": plain(opcodes(b"I" + b"9" * 1_000_000 + b"\n")),
    "one number, a million million times": zipped(
        files.dictionary({"w": files.tensor("0", BLOCK, None, 0, (0, 0))}).replace(
            files.numbers((4,)), files.numbers((2**20, 2**20))
        ),
        [BLOCK.tobytes()],
    ),
    "a storage of a million million numbers": plain(
        b"".join(pickle.dumps(part, 2) for part in (files.MAGIC, 1001, {}))
        + opcodes(files.state({"w": BLOCK}).replace(b"tQ", b"NtQ").replace(files.number(4), files.number(HUGE)))
        + pickle.dumps(["0"], 2) + struct.pack("<q", HUGE)
    ),
    "a packed pickle": zipped(b"}" + b"0}" * 1_000_000, [], zipfile.ZIP_DEFLATED),
    "an array of objects": plain(pickle.dumps({"w": np.array([{}], object)}, 4)),
    "lists for names": zipped(b"}(K\x01K\x02u", []),
}  # fmt: skip


@pytest.mark.parametrize("name", CHOSEN)
def test_chosen_weights(refused, name):
    def prepare(arena):
        file = CHOSEN[name](arena)
        return lambda: read_weights(file)

    assert "net.pth" in refused(prepare)
