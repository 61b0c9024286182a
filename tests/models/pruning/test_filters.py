"""Which filters of a layer are redundant: cases computed by hand."""

import numpy as np
import pytest

from mindocr.errors import UserError
from mindocr.models.pruning.filters import distances, kept_filters, kept_number
from mindocr.models.pruning.prune import check_ratio


def test_the_filter_in_the_middle_goes_first():
    # Points (0, 0), (3, 4) and (6, 8) on a line, 5 apart: sums of distances 15, 10, 15
    weight = np.array([[0, 0], [3, 4], [6, 8]], np.float32).reshape(3, 2, 1, 1)
    np.testing.assert_allclose(distances(weight), [15, 10, 15])
    assert kept_filters(weight, 2).tolist() == [True, False, True]
    # The first is the smallest filter; the criterion of the norm would have removed it
    assert np.argmin(np.linalg.norm(weight.reshape(3, 2), axis=1)) == 0


def test_of_equal_filters_the_first_go():
    assert kept_filters(np.ones((4, 1, 3, 3)), 1).tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("filters", "ratio", "multiple", "kept"),
    [
        (10, 0.3, 1, 7),  # 10 * 0.3 is 3.0000000000000004 or 2.9999999999999996 in other orders
        (10, 0.35, 1, 7),
        (8, 0.99, 1, 1),
        (1, 0.5, 1, 1),
        (24, 0.3, 8, 24),
        (24, 0.4, 8, 16),
        (10, 0.1, 8, 10),
        (10, 0.0, 1, 10),
    ],
)
def test_number_of_filters_that_stay(filters, ratio, multiple, kept):
    assert kept_number(filters, ratio, multiple) == kept


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_ratio_out_of_range(ratio):
    with pytest.raises(UserError, match="--ratio: expected a share of the channels above 0 and below 1"):
        check_ratio(ratio)
