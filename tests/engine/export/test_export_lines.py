"""A recogniser of text lines as ONNX: recurrent layers, lines of any width, the dictionary inside."""

import mindspore as ms
import numpy as np
import pytest

from mindocr.engine.export import checkpoint_file, exporter
from mindocr.inference import certificate as certificates
from mindocr.inference.recogniser import TextRecogniser
from mindocr.inference.verify import verify
from mindocr.models import build_model
from mindocr.models.ckpt_entries import SETTINGS_ENTRY

PIPELINE = [
    {"DecodeImage": {"img_mode": "BGR", "keep_ori": True}},
    {"ResizeTextLine": {"height": 32}},
    {"NormalizeImage": {"mean": [127.5] * 3, "std": [127.5] * 3}},
    {"ToCHWImage": {}},
    {"PadTextLine": {"min_width": 64}},
]
NETWORK = {
    "type": "rec",
    "backbone": {"name": "rec_mobilenet_v3", "alpha": 0.35, "disable_se": True},
    "neck": {"name": "RNNEncoder", "hidden_size": 6, "num_layers": 1},
    "head": {"name": "CTCHead", "out_channels": 6},
}


@pytest.mark.slow
def test_a_checkpoint_of_a_recogniser_is_exported_alone(tmp_path):
    pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    ms.set_seed(3)
    network = build_model(NETWORK, pretrained=False)
    network.head.fc.weight.set_data(50 * network.head.fc.weight)  # so that characters are clearly ahead of each other
    settings = {"network": NETWORK, "pipeline": PIPELINE, "postprocess": {"name": "CTCDecode", "characters": "abcd"}}
    checkpoint_file.write(network, tmp_path / "lines.ckpt", {SETTINGS_ENTRY: settings})
    exported = exporter.run(None, None, tmp_path / "out", ckpt=str(tmp_path / "lines.ckpt"), file_format="ONNX")
    assert exported.path.name == "lines.onnx" and exported.certificate.holds()
    widths = {each.input_shape[3] for each in exported.certificate.images}
    assert len(widths) >= 3 and all(each.input_shape[:3] == (1, 3, 32) for each in exported.certificate.images)
    about, _, _ = certificates.read(exported.path)
    assert about["about"]["postprocess"]["characters"] == "abcd" and about["file"]["format"] == "onnx"
    assert verify(exported.path).certificate.holds()
    lines = [np.random.default_rng(i).integers(0, 256, (20, 30 * i, 3), np.uint8) for i in (1, 3, 8)]
    files = (tmp_path / "lines.ckpt", exported.path)
    read = [[text.text for text in TextRecogniser(file).read(lines)] for file in files]
    assert read[0] == read[1] and any(read[0])
