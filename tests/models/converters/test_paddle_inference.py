"""Networks in Paddle's inference format, written by the tests: the same weights as those that went in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import paddle_writer as writer
import pytest

from mindocr.errors import CheckpointError
from mindocr.models.converters import onnx, paddle_inference
from mindocr.models.converters.onnx_layers import check_use, layers_of

GOLDEN = Path(__file__).parents[1] / "golden"
# Title of a family in onnx.FAMILIES -> list of the shapes of its network
NETWORKS = {
    "PP-OCR's mobile text recogniser": "crnn_mobilenetv3",
    "PP-OCR's direction classifier": "ppocr_cls_mobile",
    "PP-OCRv2's mobile text recogniser": "ppocrv2_rec_mobile",
    "PP-OCRv3's mobile text detector": "dbnet_ppocrv3",
    "PP-OCRv3's mobile text recogniser": "ppocrv3_rec_mobile",
    "PP-OCRv4's mobile text detector": "ppocrv4_det_mobile",
    "PP-OCRv4's mobile text recogniser": "ppocrv4_rec_mobile",
    "PP-OCRv6's small text detector": "ppocrv6_det_small",
    "PP-OCRv6's small text recogniser": "ppocrv6_rec_small",
}
ROLES = ("gamma", "beta", "moving_mean", "moving_variance", "weight", "scale", "bias")
KERNEL = np.arange(36, dtype=np.float32).reshape(4, 1, 3, 3)
FOUR = np.arange(4, dtype=np.float32)


def arrays_of(family: onnx.Family, rng: np.random.Generator) -> list[tuple[str, str, dict[str, np.ndarray]]]:
    """Kind, name and random arrays of every layer of a family."""
    shapes = json.loads((GOLDEN / f"{NETWORKS[family.title]}.json").read_text(encoding="utf-8"))
    stack = iter(range(9))  # LSTMs are the layers of one stack
    return [
        (kind, name, {
            role: rng.uniform(0.5, 1.5, shapes[f"{name}.{role}"]).astype(np.float32)
            for role in (recurrent_roles(next(stack)) if kind == "lstm" else ROLES) if f"{name}.{role}" in shapes
        })
        for kind, name in family.layers()
    ]  # fmt: skip


def recurrent_roles(number: int) -> list[str]:
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [f"{part}_l{number}{end}" for part in parts for end in ("", "_reverse")]


def settings_of(folder: Path, layers: list[tuple[str, str, dict[str, np.ndarray]]]) -> None:
    """The file of settings of a recogniser; some of its characters are words of YAML if nobody quotes them."""
    classes = len(layers[-1][2]["weight"])
    characters = ["'", "y", "\u3000", *(chr(0x4E00 + i) for i in range(classes - 5))]
    lines = "".join(f"  - {json.dumps(each, ensure_ascii=False)}\n" for each in characters)
    text = f"PostProcess:\n  name: CTCLabelDecode\n  character_dict:\n{lines}"
    (folder / "inference.yml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("form", ["pdmodel", "json"])
@pytest.mark.parametrize("title", NETWORKS)
def test_a_network_of_each_family_keeps_its_weights(tmp_path, title, form):
    family = next(each for each in onnx.FAMILIES if each.title == title)
    layers = arrays_of(family, np.random.default_rng(0))
    network = writer.Network()
    for kind, _, arrays in layers:
        network.add(kind, arrays)
    writer.save(tmp_path, network, form)
    if "recogniser" in title:
        settings_of(tmp_path, layers)
    converted = paddle_inference.convert(paddle_inference.read(tmp_path))
    assert converted.notes[0] == title
    expected = {f"{name}.{role}": array for _, name, arrays in layers for role, array in arrays.items()}
    assert list(converted.weights) == list(expected)
    assert all(np.array_equal(converted.weights[name].reshape(array.shape), array) for name, array in expected.items())
    if "recogniser" in title:
        characters = converted.settings["postprocess"]["characters"]
        assert characters[:4] == ["'", "y", "\u3000", chr(0x4E00)]


def small(**arrays: np.ndarray) -> writer.Network:
    network = writer.Network()
    network.add("conv", {"weight": KERNEL, **arrays})
    return network


@pytest.mark.parametrize("form", ["pdmodel", "json"])
def test_layers_of_a_small_network(tmp_path, form):
    network = small(bias=FOUR)
    network.add("norm", {role: FOUR + i for i, role in enumerate(ROLES[:4])})
    network.add("linear", {"weight": KERNEL.reshape(9, 4)})
    network.add("scale", {"gamma": FOUR + 7, "beta": FOUR + 8})
    file = paddle_inference.read(writer.save(tmp_path, network, form))
    found = layers_of(file)
    assert [layer.kind for layer in found] == ["conv", "norm", "linear", "scale"]
    assert found[0].arrays["bias"].tolist() == [0, 1, 2, 3]
    assert [found[1].arrays[role][0] for role in ROLES[:4]] == [0, 1, 2, 3]
    assert found[1].node.attributes["epsilon"] == pytest.approx(1e-5)
    assert np.array_equal(found[2].arrays["weight"], KERNEL.reshape(9, 4))
    assert (found[3].arrays["gamma"][0], found[3].arrays["beta"][0]) == (7, 8)
    assert len(file.inputs) == len(file.outputs) == 1


HIDDEN, INPUTS = 2, 3


def lstm_of(first: int, inputs: int, ends: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Arrays of one layer of an LSTM; each has other numbers, from ``first`` upwards."""
    shapes = {"weight_ih": (8, inputs), "weight_hh": (8, HIDDEN), "bias_ih": (8,), "bias_hh": (8,)}
    numbers = iter(range(first, first + 1000, 100))
    return {
        f"{part}_{end}": np.arange(np.prod(shape), dtype=np.float32).reshape(shape) + next(numbers)
        for part, shape in shapes.items()
        for end in ends
    }


@pytest.mark.parametrize("form", ["pdmodel", "json"])
@pytest.mark.parametrize("ends", [("",), ("", "_reverse")])
def test_the_layers_of_an_lstm(tmp_path, form, ends):
    network, expected = writer.Network(), []
    for number, inputs in enumerate((INPUTS, HIDDEN * len(ends))):
        expected.append(lstm_of(1000 * number, inputs, tuple(f"l{number}{end}" for end in ends)))
        network.add("lstm", expected[-1])
    network.add("linear", {"weight": KERNEL.reshape(9, 4)})
    assert [step.type for step in network.steps].count("rnn") == 1
    file = paddle_inference.read(writer.save(tmp_path, network, form))
    found = layers_of(file)
    check_use(file, found)
    assert [layer.kind for layer in found] == ["lstm", "lstm", "linear"]
    for layer, arrays in zip(found, expected):
        assert layer.arrays.keys() == arrays.keys()
        assert all(np.array_equal(layer.arrays[role], array) for role, array in arrays.items())
    assert found[1].names["weight_hh_l1"] == f"lstm_cell_{len(ends)}.w_1"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mode": "GRU"}, "a recurrent layer of the kind GRU, which is not supported; only LSTM is"),
        ({"num_layers": 2}, "an LSTM of 2 layers of 2 channels in 1 directions with 4 weights and biases; expected"),
        ({"hidden_size": [2]}, r"an LSTM of 1 layers of \[2\] channels"),
    ],
)
def test_another_recurrent_layer_is_refused(tmp_path, changed, message):
    network = writer.Network()
    network.add("lstm", lstm_of(0, INPUTS, ("l0",)))
    network.steps[-1].attributes.update(changed)
    with pytest.raises(CheckpointError, match=message):
        paddle_inference.read(writer.save(tmp_path, network, "pdmodel"))


def test_a_matrix_that_is_stored_transposed(tmp_path):
    network = writer.Network()
    network.parameters["w"] = KERNEL.reshape(9, 4)
    network.steps.append(writer.Step("matmul_v2", {"X": "x", "Y": "w"}, {"Out": "y"}, {"trans_y": True}))
    network.value = "y"
    (layer,) = layers_of(paddle_inference.read(writer.save(tmp_path, network, "pdmodel")))
    assert np.array_equal(layer.arrays["weight"], KERNEL.reshape(9, 4))


@pytest.mark.parametrize("name", [".", "inference.pdmodel", "inference.pdiparams"])
def test_the_folder_or_either_file_is_given(tmp_path, name):
    writer.save(tmp_path, small(), "pdmodel")
    assert list(paddle_inference.read(tmp_path / name).tensors) == ["conv_0.w_0"]


def test_the_names_of_older_releases(tmp_path):
    writer.save(tmp_path, small(), "pdmodel")
    (tmp_path / "inference.pdmodel").rename(tmp_path / "model")
    (tmp_path / "inference.pdiparams").rename(tmp_path / "params")
    assert list(paddle_inference.read(tmp_path).tensors) == ["conv_0.w_0"]


def test_a_batch_norm_that_the_family_does_not_have_is_folded(tmp_path):
    """The head of PP-OCRv6's detector: Paddle keeps its BatchNorms, the ONNX file holds them folded."""
    family = next(each for each in onnx.FAMILIES if "PP-OCRv6's small text detector" in each.title)
    rng = np.random.default_rng(1)
    network, expected = writer.Network(), {}
    for kind, name, arrays in arrays_of(family, rng):
        expected.update({f"{name}.{role}": array for role, array in arrays.items()})
        if name not in ("head.segm.0", "head.segm.3"):
            network.add(kind, arrays)
            continue
        size = arrays["bias"].size
        norm = {role: rng.uniform(0.5, 1.5, size).astype(np.float32) for role in ROLES[:4]}
        factor = norm["gamma"] / np.sqrt(norm["moving_variance"] + 1e-5)
        wide = factor.reshape((-1, 1, 1, 1) if kind == "conv" else (-1, 1, 1))
        network.add(kind, {"weight": arrays["weight"] / wide})
        norm["beta"] = arrays["bias"] + norm["moving_mean"] * factor
        network.add("norm", norm)
    converted = paddle_inference.convert(paddle_inference.read(writer.save(tmp_path, network, "json")))
    assert list(converted.weights) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(converted.weights[name], array, rtol=1e-5, atol=1e-6)


def test_another_network_is_named(tmp_path):
    file = paddle_inference.read(writer.save(tmp_path, small(), "json"))
    with pytest.raises(CheckpointError, match="unknown to the converter: 1 conv, input .*; known: .*PP-OCRv3"):
        paddle_inference.convert(file)


def cut(folder: Path, name: str, size: int) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:size])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda at: (at / "inference.pdiparams").unlink(), r"inference\.pdiparams: cannot be read \(No such file"),
        (lambda at: (at / "inference.pdmodel").unlink(), r"no program of Paddle in this folder; expected inference"),
        (lambda at: cut(at, "inference.pdmodel", 60), r"inference\.pdmodel: not a program of Paddle, or dam"),
        (lambda at: cut(at, "inference.pdiparams", 100), r"inference\.pdiparams: not .*'conv_0\.w_0' needs 144 bytes"),
        (lambda at: (at / "inference.pdmodel").write_bytes(b""), "it holds no block of operations"),
        (lambda at: (at / "inference.json").write_text("{}"), "base_code.magic is not 'pir'"),
        (lambda at: (at / "inference.json").write_text("{" * 9), r"inference\.json: not a program of Paddle"),
        (lambda at: (at / "inference.yml").write_text("a: [1"), r"inference\.yml: no YAML"),
        (lambda at: (at / "inference.pdiparams").write_bytes(b"\x07" + bytes(40)), "has the version 7, expected 0"),
        (
            lambda at: (at / "inference.pdiparams").write_bytes(writer.pdiparams({"conv_0.w_0": KERNEL[:2]})),
            r"has the shape \[2, 1, 3, 3\], the program states \[4, 1, 3, 3\]; the two files do not belong together",
        ),
        (
            lambda at: (at / "inference.pdiparams").write_bytes(writer.pdiparams({"a": KERNEL, "b": FOUR})),
            "40 bytes follow the last of the 1 parameters",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_files_is_one_sentence(tmp_path, spoil, message):
    writer.save(tmp_path, small(), "pdmodel")
    spoil(tmp_path)
    with pytest.raises(CheckpointError, match=message) as error:
        paddle_inference.read(tmp_path)
    assert str(error.value).startswith(str(tmp_path)) and "\n" not in str(error.value)


def test_a_recogniser_without_dictionary(tmp_path):
    family = next(each for each in onnx.FAMILIES if "PP-OCRv3's mobile text recogniser" in each.title)
    network = writer.Network()
    for kind, _, arrays in arrays_of(family, np.random.default_rng(2)):
        network.add(kind, arrays)
    file = paddle_inference.read(writer.save(tmp_path, network, "pdmodel"))
    with pytest.raises(CheckpointError, match="holds no character dictionary"):
        paddle_inference.convert(file)
