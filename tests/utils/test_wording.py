"""Numbers in messages."""

import pytest

from mindocr.utils.wording import count


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "image", "0 images"), (1, "batch", "1 batch"), (2, "batch", "2 batches"), (2, "epoch", "2 epochs")],
)
def test_a_number_with_its_noun(number, noun, text):
    assert count(number, noun) == text
