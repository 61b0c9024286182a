"""Cross-entropy of a classifier, by hand."""

import mindspore as ms
import numpy as np
import pytest
from mindspore import Tensor

from mindocr.errors import ConfigError
from mindocr.losses.cls_loss import ClsLoss

LOGITS = np.array([[2.0, -1.0], [0.5, 0.5], [-3.0, 1.0]], np.float32)
CLASSES = np.array([0, 1, 0], np.int64)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("kind", [ms.float32, ms.float16])
def test_by_hand(smoothing, kind):
    log_probs = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
    targets = np.eye(2)[CLASSES] * (1 - smoothing) + smoothing / 2
    expected = -(targets * log_probs).sum(1).mean()
    total, terms = ClsLoss(smoothing)(Tensor(LOGITS, kind), Tensor(CLASSES))
    assert total.dtype == ms.float32 and terms.shape == (1,)
    assert float(total.asnumpy()) == pytest.approx(expected, abs=1e-5) == float(terms.asnumpy()[0])


def test_the_smoothing_is_a_share():
    with pytest.raises(ConfigError, match="ClsLoss smoothing 1: expected a number from 0 to below 1"):
        ClsLoss(1)
