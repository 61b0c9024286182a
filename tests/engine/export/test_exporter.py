"""Export: written, reloaded, compared; a file that computes something else is refused."""

import json
import tempfile
from pathlib import Path

import mindspore as ms
import numpy as np
import pytest
from tiny_network import TinyDetector

from mindocr.config import save_config
from mindocr.engine.export import exporter, mindir
from mindocr.engine.train.checkpoints import save
from mindocr.errors import CheckpointError, UserError
from mindocr.inference.mindir import MindIR
from mindocr.inference.runner import open_runner
from mindocr.inference.verify import verify
from mindocr.models import build_model
from mindocr.utils.files import hash_file


@pytest.mark.parametrize("dynamic", [False, True])
def test_the_file_computes_what_the_network_does(tmp_path, dynamic):
    network = TinyDetector()
    exported = exporter.export_mindir(network, tmp_path / "tiny.mindir", (32, 64), dynamic=dynamic)
    assert exported.max_difference <= 1e-5
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.mindir"]
    image = np.random.default_rng(1).random((3, 32, 64), np.float32)
    (found,) = MindIR(exported.path)([image])["prob"]
    np.testing.assert_allclose(found, network(ms.Tensor(image[None])).asnumpy()[0], atol=1e-6)


def test_a_file_that_disagrees_is_refused_and_removed(tmp_path, monkeypatch):
    other = TinyDetector()
    monkeypatch.setattr(exporter.nn, "GraphCell", lambda graph: other)
    with pytest.raises(UserError, match="does not compute what the network does: largest difference"):
        exporter.export_mindir(TinyDetector(), tmp_path / "tiny.mindir", (32, 32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("shape", "nearest"), [((736, 1281), "736 1280"), ((10, 64), "32 64"), ((0, -32), "32 32")])
def test_sizes_must_be_multiples_of_the_stride(shape, nearest):
    with pytest.raises(UserError, match=f"data_shape: .* must be multiples of 32; nearest: {nearest}"):
        exporter.check_shape(shape, 32)


def test_metadata_travel_inside_the_file(tmp_path):
    section = {"name": "DBPostprocess", "box_thresh": 0.45, "expand_by_height": [[8, 1.8], [32, 1.5]]}
    given = {"postprocess": section, "pipeline": [{"ToCHWImage": None}]}
    exported = exporter.export_mindir(TinyDetector(), tmp_path / "tiny.mindir", (32, 32), metadata=given)
    assert MindIR(exported.path).metadata == {**given, "outputs": ["prob"]}


def test_the_settings_of_a_configuration_travel_inside_the_file(tiny_config, tmp_path, monkeypatch):
    config = tiny_config()
    save(build_model(config.model.model_dump()).get_parameters(), tmp_path / "tiny.ckpt")
    save_config(config, tmp_path / "tiny.yaml")
    words = {"ckpt": str(tmp_path / "tiny.ckpt")}
    (tmp_path / "eval/other").mkdir(parents=True)
    for folder, digest, score in (("eval", "0" * 64, 0.5), ("eval/other", hash_file(tmp_path / "tiny.ckpt"), 0.75)):
        found = {"f-score": score, "counts": {}, "evaluated": {"checkpoint_sha256": digest, "images": 5}}
        (tmp_path / folder / "scores.json").write_text(json.dumps(found), encoding="utf-8")
    for form in ("ONNX", "MINDIR"):
        if form == "MINDIR":  # with a network of one layer, which takes less time
            monkeypatch.setattr(exporter, "build_model", lambda *args, **options: TinyDetector())
            monkeypatch.setattr(exporter.fused_form, "fused_network", lambda section, network: None)
        exported = exporter.run(str(tmp_path / "tiny.yaml"), (32, 32), tmp_path / "out", file_format=form, **words)
        stored = open_runner(exported.path).metadata
        assert stored["postprocess"] == config.postprocess
        assert stored["training"]["sha256"] == hash_file(tmp_path / "tiny.ckpt")
        assert stored["training"]["score"] == {"f-score": 0.75}  # of these weights, not of others
        # A file of one size has the pipeline of evaluation, one of any size that of prediction.
        assert stored["pipeline"][1]["DetResize"].get("target_size") == ([160, 160] if form == "MINDIR" else None)
        certificate = exported.certificate
        assert certificate.holds() and [each.name for each in certificate.images] == [
            "generated_1.png", "generated_2.png", "generated_3.png",
        ]  # fmt: skip
        assert (certificate.batch is None) == (form == "MINDIR")
    names = {f"tiny.{form}{more}" for form in ("mindir", "onnx") for more in ("", ".json", ".npz", ".html")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    verified = verify(tmp_path / "out/tiny.onnx").certificate
    shapes = {(1, 3, 192, 256), (1, 3, 288, 224), (1, 3, 256, 384)}
    assert verified.holds() and {each.input_shape for each in verified.images} == shapes


def test_the_name_of_a_model_travels_inside_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "build_model", lambda *args, **options: TinyDetector())  # which takes less time
    monkeypatch.setattr(exporter.fused_form, "fused_network", lambda section, network: None)
    exported = exporter.run("dbnet_ppocrv3", (32, 32), tmp_path)
    weights = {"checkpoint": "dbnet_mobilenetv3_ppocrv3-70d6018f.ckpt"}
    assert MindIR(exported.path).metadata == {"model": "dbnet_ppocrv3", "outputs": ["prob"], "training": weights}


@pytest.fixture
def tiny_export(tmp_path, monkeypatch):
    """Exports a network of one layer under the name of a model, to ``tmp_path``."""
    monkeypatch.setattr(exporter, "build_model", lambda *args, **options: TinyDetector())
    monkeypatch.setattr(exporter.fused_form, "fused_network", lambda section, network: None)
    return lambda **words: exporter.run("dbnet_ppocrv3", (32, 32), tmp_path, **words)


def test_a_file_beyond_the_tolerance_is_refused_with_a_table(tiny_export, tmp_path, monkeypatch):
    monkeypatch.setattr(exporter.certify, "compare", lambda expected, found, mean: {"prob": 0.25})
    with pytest.raises(UserError, match=r"nothing was written to .*\nimage +input(.*\n)+generated_2.png .* 0.25 "):
        tiny_export()
    assert list(tmp_path.iterdir()) == []


def test_arguments_that_cannot_be_used_are_named(tiny_export, tmp_path):
    with pytest.raises(UserError, match="--model_type rec: this model has the task 'det'"):
        tiny_export(task="rec")
    with pytest.raises(UserError, match="--model_name_or_config: required: .*give a checkpoint that holds"):
        exporter.run(None, None, tmp_path)
    save(TinyDetector().get_parameters(), tmp_path / "bare.ckpt")
    with pytest.raises(CheckpointError, match="bare.ckpt: this checkpoint holds no settings; give the YAML file"):
        exporter.run(None, None, tmp_path, ckpt=str(tmp_path / "bare.ckpt"))
    assert [path.name for path in tmp_path.iterdir()] == ["bare.ckpt"]


def test_air_files_need_ascend(tiny_export, tmp_path):
    with pytest.raises(UserError, match="AIR: MindSpore writes AIR files only on a machine with an Ascend device"):
        tiny_export(file_format="AIR")
    assert list(tmp_path.iterdir()) == []


NAMES = ["out folder", "a+b", "run(2)", "lr=0.1,x", "文件夹", "it's [new]", "\udcff"]


@pytest.mark.parametrize("name", NAMES)
def test_a_path_may_contain_any_characters(tmp_path, name, monkeypatch):
    """The export itself is replaced; MindSpore's check of the path and the rest are real."""
    monkeypatch.setattr("mindspore.train.serialization._export", fake_export)
    folder = tmp_path / name
    folder.mkdir()
    for target in (folder / "tiny.mindir", tmp_path / f"{name}.mindir"):
        mindir.write(None, None, target, {})
        assert target.read_bytes() == b"graph" and target.stat().st_mode & 0o777 == 0o644
    assert [p.name for p in folder.iterdir()] == ["tiny.mindir"]


def test_a_plain_path_is_written_directly(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(ms, "export", lambda *_, file_name, **__: written.append(fake_export(None, file_name)))
    mindir.write(None, None, tmp_path / "tiny.mindir", {})
    mindir.write(None, None, tmp_path / "my recipe.mindir", {})
    assert written[0] == str(tmp_path / "tiny.mindir") and not written[1].startswith(str(tmp_path))
    assert not (Path(written[1]).parent).exists()


def test_a_temporary_folder_may_have_an_odd_name_too(tmp_path, monkeypatch):
    (tmp_path / "my temp").mkdir()
    monkeypatch.setattr("mindspore.train.serialization._export", fake_export)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "my temp"))
    mindir.write(None, None, tmp_path / "a b.mindir", {})
    monkeypatch.setattr(tempfile, "mkdtemp", only_here(tempfile.mkdtemp))
    (tmp_path / "here (2)").mkdir()
    monkeypatch.chdir(tmp_path / "here (2)")
    mindir.write(None, None, tmp_path / "b c.mindir", {})
    assert {p.name for p in tmp_path.glob("*.mindir")} == {"a b.mindir", "b c.mindir"}
    assert not list((tmp_path / "here (2)").iterdir())
    monkeypatch.setattr(tempfile, "mkdtemp", only_here(None))
    with pytest.raises(UserError, match="MindSpore cannot export to '.*' or to '.*my temp'.*set TMPDIR to a folder"):
        mindir.write(None, None, tmp_path / "c d.mindir", {})


def fake_export(network, file_name, *args, **options):
    Path(file_name).write_bytes(b"graph")
    return file_name


def only_here(make):
    def mkdtemp(prefix, dir):
        if make is None or dir != ".":
            raise PermissionError(13, "Permission denied")
        return make(prefix=prefix, dir=dir)

    return mkdtemp


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_runs(tmp_path, name):
    (tmp_path / name).mkdir()
    exported = exporter.export_mindir(TinyDetector(), tmp_path / name / f"{name}.mindir", (32, 32))
    assert [p.name for p in (tmp_path / name).iterdir()] == [f"{name}.mindir"]
    (found,) = MindIR(exported.path)([np.zeros((3, 32, 32), np.float32)])["prob"]
    assert found.shape == (1, 32, 32)
