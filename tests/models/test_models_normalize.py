"""Normalisation on the device equals that on the host."""

import mindspore as ms
import numpy as np
import pytest

from mindocr.data.transforms.layout import NormalizeImage, ToCHWImage
from mindocr.models.normalize import Normalize

pytestmark = pytest.mark.usefixtures("mode")


@pytest.mark.parametrize("options", [{}, {"bgr_to_rgb": True}, {"mean": [1.0, 2.0, 3.0], "std": [4.0, 5.0, 6.0]}])
def test_the_layer_does_what_the_ops_do(options):
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), np.uint8)
    op, to_chw = NormalizeImage(**options), ToCHWImage()
    wanted = np.stack([to_chw(op({"image": image}))["image"] for image in images])
    layer = Normalize(op.mean, op.std, op.swap)
    np.testing.assert_allclose(layer(ms.Tensor(images)).asnumpy(), wanted, rtol=0, atol=1e-6)
