"""PP-OCR's mobile, server and teacher detectors: sizes of the published networks, as their recipes build them."""

import pytest

from mindocr.config import load_config
from mindocr.models import build_model


def trained(repo_root, name):
    """Trainable parameters of the backbone, the neck and the branch that inference uses."""
    section = load_config(repo_root / f"configs/det/ppocr/{name}.yaml").model.model_dump()
    network = build_model(section, pretrained=False)
    return [
        sum(p.size for p in part.trainable_params()) for part in (network.backbone, network.neck, network.head.segm)
    ]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("ppocr_det_mobile", [398_480, 138_240, 23_257]),
        # laterals of 960 channels to 256, four 3x3 from 256 to 64; 48.8 MB, published as 49 MB
        ("ppocr_det_server", [11_199_968, 256 * 960 + 4 * 9 * 256 * 64, 164_417]),
        # laterals of 3,840 channels, four 9x9 from 256 to 64 and from 64 to 64, three 3x3 from 64 to 64; first
        # convolution of the head 7x7 instead of 3x3
        (
            "ppocrv3_det_teacher",
            [23_527_264, 256 * 3_840 + 4 * 81 * 256 * 64 + 4 * 81 * 64 * 64 + 3 * 9 * 64 * 64, 164_417 + 40 * 256 * 64],
        ),
    ],
)
def test_parameters(repo_root, name, sizes):
    assert trained(repo_root, name) == sizes
