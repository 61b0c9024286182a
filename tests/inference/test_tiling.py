"""Plans of tiles: everything is covered, neighbours overlap, weights sum to 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindocr.errors import UserError
from mindocr.inference.tiling import Tile, is_cut, parse_choice, plan_axis, plan_tiles, tile_side


def test_a_plan_by_hand():
    # 1000 pixels, tiles of 400 that overlap by 100 or more: (1000 - 400) / 300 = 2 steps of 300.
    assert plan_axis(1000, 400, 100).starts == (0, 300, 600)
    # One pixel more needs a third step; 601 / 3 = 200.33, so the steps are 200, 200, 201.
    assert plan_axis(1001, 400, 100).starts == (0, 200, 400, 601)
    assert plan_axis(300, 400, 100) == plan_axis(300, 300, 0)
    plan = plan_tiles((300, 700), (400, 400), 0.25)
    assert list(plan) == [Tile(0, 0, 300, 400), Tile(0, 300, 300, 400)] and len(plan) == 2


def test_weights_by_hand():
    # Two tiles of 4 pixels with 2 in common: at their centres the ramps are 1/4 and 3/4.
    first, second = plan_axis(6, 4, 2).weights()
    np.testing.assert_allclose(first, [1, 1, 0.75, 0.25])
    np.testing.assert_allclose(second, [0.25, 0.75, 1, 1])
    (alone,) = plan_axis(3, 4, 2).weights()
    np.testing.assert_array_equal(alone, [1, 1, 1])
    assert all((weight == 1).all() for weight in plan_axis(8, 4, 0).weights())


@given(st.data(), st.integers(1, 3000), st.integers(1, 600))
def test_tiles_cover_an_axis_overlap_and_weigh_1(data, length, side):
    overlap = data.draw(st.integers(0, side // 2))
    axis = plan_axis(length, side, overlap)
    assert axis.starts[0] == 0 and axis.starts[-1] + axis.side == length and axis.side == min(side, length)
    steps = np.diff(axis.starts)
    assert (steps > 0).all() and (axis.side - steps >= overlap).all()
    total = np.zeros(length)
    for start, weight in zip(axis.starts, axis.weights(), strict=True):
        assert (weight > 0).all()
        total[start : start + axis.side] += weight
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("numbers", [(0, 4, 1), (4, 0, 0), (9, 4, 3), (9, 4, -1)])
def test_a_plan_that_makes_no_sense(numbers):
    with pytest.raises(ValueError, match="0 <= overlap <= side / 2"):
        plan_axis(*numbers)


def test_sides_of_tiles():
    assert tile_side("auto", 960) == (960, 960)
    assert tile_side("auto", None) == (1280, 1280)
    assert tile_side(1000, 960) == (1024, 1024)
    assert tile_side("auto", 960, (736, 1280)) == (736, 1280)


def test_what_is_cut():
    assert not is_cut((900, 1440), (960, 960), "auto")  # 1.5 times the side
    assert is_cut((900, 1441), (960, 960), "auto")
    assert is_cut((900, 961), (960, 960), 960)
    assert not is_cut((9000, 9000), (960, 960), "off")


def test_choices():
    assert [parse_choice(text) for text in ("auto", "off", "960", 960)] == ["auto", "off", 960, 960]
    for wrong in ("on", "127", "-5", True, "9.5"):
        with pytest.raises(UserError, match="tile: expected auto, off or the side of a tile from 128 pixels, got"):
            parse_choice(wrong)
