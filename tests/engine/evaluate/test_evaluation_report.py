"""The report of an evaluation: both maps from a head in evaluation, and scores that stay the same."""

import json
import re
from pathlib import Path

import cv2
import mindspore as ms
import numpy as np
import pytest

from mindocr.config import load_config
from mindocr.engine.evaluate import evaluation_report, evaluator
from mindocr.engine.runtime import build
from mindocr.errors import ConfigError, UserError
from mindocr.models.network_runner import NetworkRunner
from mindocr.predictions.detection import Detection
from mindocr.registry import METRICS, POSTPROCESSES
from mindocr.report.recognition import RecognitionReport


@pytest.fixture
def detector(tiny_config):
    """A configuration, and the tiny network with weights that find some regions in any image."""
    ms.set_seed(1)
    config = tiny_config("postprocess.box_thresh=0.6", "postprocess.binary_thresh=0.3", "eval.loader.batch_size=2")
    network = build.network(config, training=False)
    weights = {parameter.name: parameter for parameter in network.get_parameters()}
    for name in ("head.segm.3.weight", "head.segm.6.weight"):  # equal weights: no checkerboard in the map
        weights[name].set_data(ms.Tensor(np.full(weights[name].shape, 1, np.float32)))
    loader = build.eval_loader(config)
    probability = np.stack(
        [maps for batch in loader.epoch() for maps in NetworkRunner(network)(batch["image"])["prob"]]
    )
    loader.close()
    logits = np.log(probability / (1 - probability))
    gain = 2 / logits.std()
    bias = weights["head.segm.6.bias"]
    weights["head.segm.6.weight"].set_data(ms.Tensor(np.full(weights["head.segm.6.weight"].shape, gain, np.float32)))
    middle = gain * (np.quantile(logits, 0.8) - bias.asnumpy())
    bias.set_data(ms.Tensor(-middle.astype(np.float32)))
    return config, network


def test_a_head_in_evaluation_gives_all_its_maps_when_asked(detector, mode):
    _, network = detector
    image = np.random.default_rng(1).random((3, 64, 96), np.float32)
    alone = NetworkRunner(network)([image])
    maps = NetworkRunner(network, training_outputs=True)([image])
    assert list(alone) == ["prob"] and list(maps) == ["prob", "thresh", "binary"]
    prob, thresh, binary = (maps[name][0] for name in maps)
    assert prob.shape == thresh.shape == binary.shape == alone["prob"][0].shape == (1, 64, 96)
    np.testing.assert_allclose(prob, alone["prob"][0], atol=1e-6)
    np.testing.assert_allclose(binary, 1 / (1 + np.exp(-network.head.k * (prob - thresh))), atol=1e-4)
    np.testing.assert_array_equal(NetworkRunner(network)([image])["prob"][0], alone["prob"][0])
    assert len(network.set_train(True)(ms.Tensor(image[None]))) == 3


def test_normalisation_stays_that_of_evaluation(detector):
    _, network = detector
    rng = np.random.default_rng(2)
    before = {p.name: p.asnumpy().copy() for p in network.get_parameters()}
    NetworkRunner(network, training_outputs=True)([rng.random((3, 64, 64), np.float32)])
    assert all(np.array_equal(before[p.name], p.asnumpy()) for p in network.get_parameters())


def test_evaluation_with_a_report_scores_the_same(detector):
    config, network = detector
    with_report = evaluator.build_evaluator(config, network, report=True)
    plain = evaluator.build_evaluator(config, network).run()
    collected = with_report.run()
    assert collected.scores == plain.scores and plain.scores["counts"]["images"] == 5
    assert [case.image for case in with_report.report.cases] == [image for image, _ in plain.predictions]
    assert sum(len(found) for _, found in plain.predictions) > 3
    assert any(case.weak()[0] for case in with_report.report.cases)
    for case, (_, found) in zip(with_report.report.cases, plain.predictions):
        assert set(case.maps) == {"probability", "threshold"}
        assert case.scores == pytest.approx(found.scores, abs=1e-5)
        strong = [score for score in case.candidate_scores if score >= 0.6]
        assert strong == pytest.approx(found.scores, abs=1e-5), "those below the threshold come on top of the others"


def test_an_evaluation_writes_the_page(detector, tmp_path):
    config, network = detector
    ckpt = tmp_path / "weights.ckpt"
    ms.save_checkpoint(network, str(ckpt))
    made = config.model_copy(update={"eval": config.eval.model_copy(update={"ckpt_load_path": str(ckpt)})})
    page = tmp_path / "report"
    source = "configs/det/dbnet/db_r18_synthetic.yaml", ["system.seed=3"]
    evaluator.run(made, page, report_images=2, source=source)
    assert load_config(Path(made.train.ckpt_save_dir) / "eval/config.yaml") == made, "the settings of these scores"
    text = (page / "report.html").read_text(encoding="utf-8")
    records = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    assert sorted(len(record["pics"]) for record in records) == [0, 0, 0, 3, 3]
    assert re.search(r"mindocr (make-synthetic|check-data -c configs|fit-postprocess -c configs)", text)
    assert 'data-setting="postprocess.box_thresh"' in text and '<output id="chosen-score" for="slider">0.6<' in text
    for part in ("config hash", "data hash", "160 x 160", "box_thresh 0.6", "tiny_for_tests, DBFPN, DBHead"):
        assert part in text


def test_overrides_are_checked_with_the_configuration_of_the_command(tiny_config, repo_root):
    config = tiny_config()
    source = str(repo_root / "configs/det/dbnet/db_r18_icdar15.yaml"), ["postprocess.box_type=poly"]
    report = evaluation_report.make_report(
        config, POSTPROCESSES.build(config.postprocess), METRICS.build({"name": "DetMetric"}), source
    )
    accepts = report._setup.accepts
    assert accepts(["postprocess.box_thresh=0.45"])
    assert accepts(["eval.dataset.transform_pipeline.DetResize.target_size=[1104,1920]"])
    for wrong in (
        "postprocess.box_tresh=0.45",
        "postprocess.box_type=round",
        "eval.dataset.transform_pipeline.Resize.a=1",
    ):
        assert not accepts([wrong])
    assert report._setup.command("eval", overrides=["a=b c"]) == (
        f"mindocr eval -c {source[0]} -o postprocess.box_type=poly 'a=b c'"
    )


def test_mistakes_are_told_before_the_work(tiny_config, tmp_path):
    config = tiny_config()
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--report: cannot write to"):
        evaluator.run(config, tmp_path / "file" / "report")
    with pytest.raises(ConfigError, match="--report_images: expected 0 or more, got -1"):
        evaluator.run(config, tmp_path / "report", -1)
    with pytest.raises(ConfigError, match="--report: needs metric.name DetMetric, which reports the matches; got dict"):
        evaluation_report.make_report(config, POSTPROCESSES.build(config.postprocess), {})


def test_a_postprocessing_without_a_threshold_on_scores(tiny_config, monkeypatch):
    class Plain:
        gives = Detection

        def __init__(self) -> None:
            pass

    POSTPROCESSES.names()
    monkeypatch.setitem(POSTPROCESSES._classes, "plain_for_tests", Plain)
    plain = tiny_config().model_copy(update={"postprocess": {"name": "plain_for_tests"}})
    report = evaluation_report.make_report(plain, Plain(), METRICS.build({"name": "DetMetric"}))
    assert report._loose is None


def test_predictions_without_a_report_page_say_so(tiny_config):
    class Plain:
        gives = type("Angle", (), {"report": ""})

    with pytest.raises(ConfigError, match="--report: there is no report page for Angle; leave --report out"):
        evaluation_report.make_report(tiny_config(), Plain(), {})


def test_a_report_gets_the_columns_that_it_needs_where_the_data_set_has_them(tmp_path, repo_root):
    image = tmp_path / "a.png"
    assert cv2.imwrite(str(image), np.zeros((40, 80, 3), np.uint8))
    box = [[0, 0], [60, 0], [60, 20], [0, 20]]
    texts = [{"transcription": "ab", "points": box}]
    (tmp_path / "gt.txt").write_text(f"a.png\t{json.dumps(texts)}\n", encoding="utf-8")
    data = f"{{dataset_root: '{tmp_path}', data_dir: ., label_file: gt.txt}}"
    config = load_config(
        repo_root / "configs/rec/ppocr/ppocrv3_rec_mobile.yaml",
        [f"eval.dataset={data}", "eval.loader.num_workers=0", "postprocess.characters=ab"],
    )
    for columns, there in (((), False), (RecognitionReport.columns, True), (("shape_list",), False)):
        loader = build.eval_loader(config, columns=columns)
        (batch,) = loader.epoch()
        loader.close()
        assert ("polygon" in batch) == there and "shape_list" not in batch


def test_long_settings_are_shortened_in_the_summary():
    shown = evaluation_report._settings({"name": "CTCDecode", "characters": "x" * 6623, "use_space_char": True})
    assert shown == f"CTCDecode, characters {'x' * 40}... (6623), use_space_char True"
