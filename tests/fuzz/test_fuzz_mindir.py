"""MindIR files with flipped or cut bytes: they compute what was exported, or they are refused and named."""

import numpy as np
import pytest
from mutations import cut, flip, noise

from mindocr.engine.export.exporter import export_mindir
from mindocr.engine.export.mindir import seal
from mindocr.inference.mindir import MindIR

pytestmark = pytest.mark.slow
IMAGE = np.random.default_rng(0).random((3, 64, 64), dtype=np.float32)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(content of a sealed file, what it computes)."""
    from mindspore import nn, set_seed

    set_seed(1)

    class Small(nn.SequentialCell):
        stride = 32
        inference_outputs = ("prob",)

        def inference_network(self):
            return self

    network = Small(nn.Conv2d(3, 4, 3, has_bias=True), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 3), nn.Sigmoid())
    path = tmp_path_factory.mktemp("exported") / "whole.mindir"
    export_mindir(network, path, (64, 64), dynamic=True)
    return path.read_bytes(), MindIR(path)([IMAGE])["prob"][0]


def given(arena, content, expected):
    (arena.inputs / "damaged.mindir").write_bytes(content)

    def use():
        found = MindIR(arena.inputs / "damaged.mindir")([IMAGE])["prob"][0]
        assert np.array_equal(found, expected), "another result"

    return use


def test_damaged_files(fuzz, exported):
    whole, expected = exported

    def prepare(rng, arena):
        chance = rng.random()
        if chance < 0.6:
            content = flip(whole, rng, most=1 if chance < 0.4 else 20)
        elif chance < 0.7:
            content = whole[:-8] + flip(whole[-8:], rng)
        else:  # what is cut has lost its seal, so it must tell by itself
            content = cut(whole[:-100], rng) if chance < 0.9 else noise(b"", rng)
        return given(arena, content, expected)

    outcomes = fuzz("mindir", prepare)
    assert outcomes["refused"] or sum(outcomes.values()) < 20


def test_a_changed_weight_is_told(refused, exported):
    whole, expected = exported
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    told = refused(lambda arena: given(arena, bytes(damaged), expected))
    assert "damaged.mindir' is not a complete MindIR file (its checksum is wrong" in told


def test_a_file_without_a_seal_is_read(accepted, exported):
    whole, expected = exported
    accepted(lambda arena: given(arena, whole[:-27], expected))


def test_the_seal_stands_at_the_end(tmp_path, exported):
    whole, _ = exported
    (tmp_path / "again.mindir").write_bytes(whole[:-27])
    seal(tmp_path / "again.mindir")
    assert (tmp_path / "again.mindir").read_bytes() == whole
