"""Checkpoints with flipped, cut or foreign bytes: the same weights are read, or the file is refused and named."""

import numpy as np
import pytest
from mutations import cut, flip, noise, pick

from mindocr.engine.train.checkpoints import save
from mindocr.models.weights import load_weights, read_checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def small():
    """A network of a few thousand weights."""
    from mindspore import nn, set_seed

    set_seed(1)
    return nn.SequentialCell(nn.Conv2d(3, 8, 3, has_bias=True), nn.BatchNorm2d(8), nn.Conv2d(8, 16, 3))


@pytest.fixture(scope="module")
def whole(small, tmp_path_factory):
    """Suffix -> a whole file; with the state of a run in it."""
    folder = tmp_path_factory.mktemp("whole")
    contents = {}
    for suffix in (".ckpt", ".safetensors"):
        save(small.get_parameters(), folder / f"w{suffix}", {"mindocr.run": {"epoch": 3}})
        contents[suffix] = (folder / f"w{suffix}").read_bytes()
    return contents


def use(file, expected):
    """Nothing else than what was saved may come out."""
    found = {name: value.asnumpy() for name, value in read_checkpoint(file).items()}
    assert list(found) == list(expected), "other names"
    for name, value in expected.items():
        assert found[name].dtype == value.dtype and np.array_equal(found[name], value), f"other weights in {name}"


@pytest.fixture(scope="module")
def values(whole, tmp_path_factory):
    """What is read of the whole files, by suffix."""
    folder = tmp_path_factory.mktemp("values")
    found = {}
    for suffix, content in whole.items():
        (folder / f"w{suffix}").write_bytes(content)
        entries = read_checkpoint(folder / f"w{suffix}")
        found[suffix] = {name: value.asnumpy() for name, value in entries.items()}
    return found


def test_damaged_checkpoints(fuzz, whole, values):
    def prepare(rng, arena):
        suffix = pick(rng, (".ckpt", ".safetensors"))
        content, chance = whole[suffix], rng.random()
        if chance < 0.5:
            content = flip(content, rng, most=1)
        elif chance < 0.65:  # where a flip hurts most: names, shapes, offsets
            head = int(pick(rng, (8, 64, 400)))
            content = flip(content[:head], rng) + content[head:]
        elif chance < 0.75:
            content = content[:-60] + flip(content[-60:], rng)
        elif chance < 0.9:
            content = cut(content, rng)
        elif chance < 0.95:
            content = content + noise(b"", rng)
        else:
            suffix, content = pick(rng, ((".ckpt", whole[".safetensors"]), (".safetensors", whole[".ckpt"])))
        file = arena.inputs / f"damaged{suffix}"
        file.write_bytes(content)
        return lambda: use(file, values[suffix])

    outcomes = fuzz("checkpoints", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_the_network_stays_as_it_was(small, whole, refused, suffix):
    """A file that is refused has changed nothing."""
    before = {name: value.asnumpy().copy() for name, value in small.parameters_and_names()}
    content = bytearray(whole[suffix])
    content[len(content) // 2] ^= 1

    def prepare(arena):
        (arena.inputs / f"damaged{suffix}").write_bytes(content)
        return lambda: load_weights(small, arena.inputs / f"damaged{suffix}")

    assert f"damaged{suffix}" in refused(prepare)
    assert all(np.array_equal(value.asnumpy(), before[name]) for name, value in small.parameters_and_names())
