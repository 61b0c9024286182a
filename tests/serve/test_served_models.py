"""A detector and a reader as the service holds them: options of a request, batches."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from bright_is_text import BrightIsText, white_box

from mindocr.errors import UserError
from mindocr.inference.detector import TextDetector
from mindocr.inference.metadata import of_algorithm
from mindocr.models.algorithms import get_algorithm
from mindocr.reading import reader as reader_module
from mindocr.serve import models, reduction, sizes, variants
from mindocr.serve.limits import Limits
from mindocr.serve.models import Choice, Detecting, Reading
from mindocr.serve.refusal import Refusal
from mindocr.serve.schema import of_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reading"))
from stand_ins import Recogniser


class RecogniserWithRunner(Recogniser):
    """The stand-in with a runner."""

    runner = SimpleNamespace()


@pytest.fixture
def network(monkeypatch):
    """Detectors have a stand-in for their network, which takes several images at once."""
    runner = BrightIsText(metadata=of_algorithm(get_algorithm("DB")))
    runner.batches = True
    monkeypatch.setattr("mindocr.inference.detector.open_runner", lambda *a, **b: runner)
    return runner


@pytest.fixture
def detecting(network):
    return Detecting(TextDetector("any"), Choice("any", detection={"postprocess": {"expand_ratio": 1.0}}))


@pytest.fixture
def reading(network, monkeypatch):
    """A reader with stand-ins for its networks: what is white is a line, and its text is its brightness."""
    monkeypatch.setattr(reader_module, "TextRecogniser", RecogniserWithRunner)
    monkeypatch.setattr(reader_module, "find_weights", lambda name, task: f"{name}/{task}")
    return models.open_model(Choice("ppocr-v3", drop_score=0.2))


def test_a_batch_returns_what_each_image_returns_alone(detecting) -> None:
    boxes = [(100, 60, 300, 120), (20, 30, 200, 90), (300, 100, 600, 200)]
    images = [white_box(box=box) for box in boxes]
    prepared = [detecting.prepare(image) for image in images]
    assert len({detecting.group(each) for each in prepared}) == 1
    options = [{}, {"expand_ratio": 3.0}, {"box_thresh": 1.0, "binary_thresh": 0.0}]
    together = [answer.texts() for answer in detecting.predict(prepared, options)]
    alone = [detecting.predict([each], [chosen])[0].texts() for each, chosen in zip(prepared, options)]
    assert together == alone and all(len(texts) == 1 for texts in together)
    plain = detecting.predict(prepared, [{}, {}, {}])
    assert plain[0].texts() == together[0] and plain[1].texts() != together[1]
    assert plain[0].size == (240, 640)


def test_side_by_side_the_runner_computes_in_one_thread(network, monkeypatch) -> None:
    seen: list[int] = []
    network.workers, network.work = 3, lambda images: seen.append(len(images)) or network(images)
    detecting = Detecting(TextDetector("any"), Choice("any"))
    image = detecting.prepare(white_box())
    alone, beside = detecting.predict([image], [{}], True), detecting.predict([image], [{}], False)
    assert (detecting.workers, seen) == (3, [1]) and alone[0].texts() == beside[0].texts() != []


def test_a_reader_side_by_side(network, monkeypatch) -> None:
    seen: list[int] = []
    network.workers, network.work = 2, lambda images: seen.append(len(images)) or network(images)
    monkeypatch.setattr(reader_module, "find_weights", lambda name, task: f"{name}/{task}")
    monkeypatch.setattr(reader_module, "TextRecogniser", RecogniserWithRunner)
    monkeypatch.setattr(RecogniserWithRunner.runner, "workers", 2, raising=False)
    reading = models.open_model(Choice("ppocr-v3", drop_score=0.2))
    both = [reading.predict([reading.prepare(white_box())], [{}], alone)[0].texts() for alone in (True, False)]
    assert reading.workers == 2 and both[0] == both[1] != [] and seen == [1]


def test_buckets_of_common_photographs(network) -> None:
    detector = TextDetector("any")
    alone = Detecting(detector, Choice("any"))
    expected = alone.predict([alone.prepare(white_box())], [{}])[0].texts()
    sizes.use_buckets(detector, None, 4_000_000)
    assert detector.runner is network
    sizes.use_buckets(detector, "auto", 4_000_000, batch_size=2)
    buckets = detector.runner.buckets  # the longer side is limited to 960 pixels
    assert {(736, 960), (960, 736), (544, 960), (960, 544)} <= {*buckets} and len(buckets) <= 6
    model = Detecting(detector, Choice("any"))
    found = model.predict([model.prepare(white_box())], [{"box_thresh": 0.5}])[0].texts()
    assert [text["points"] for text in found] == [text["points"] for text in expected] != []
    assert network.seen[-1].shape[1:] in buckets and model.batches
    assert model.group(model.prepare(white_box())) == model.group(model.prepare(white_box(size=(600, 400))))


def test_options_are_those_of_the_post_processing(detecting) -> None:
    known = {name: (option.default, option.lowest, option.highest) for name, option in detecting.options.items()}
    assert known == {"box_thresh": (0.6, 0, 1), "binary_thresh": (0.3, 0, 1), "expand_ratio": (1.5, 0, 10)}


def test_an_option_without_effect_is_not_offered(detecting) -> None:
    detector = detecting._detector
    detector.postprocess.expand_by_height = [[8, 1.5]]
    assert list(variants.thresholds_of(detector)) == ["box_thresh", "binary_thresh"]
    assert np.isfinite(variants.thresholds_of(detector)["box_thresh"].default)


def test_a_reader_with_the_options_of_a_request(reading) -> None:
    assert isinstance(reading, Reading) and not reading.batches
    image = white_box()
    image[150:200, 350:600] = 120  # bright enough to be text, and read with a confidence of 0.3
    every: list[dict] = [{}, {"drop_score": 0.5}, {"binary_thresh": 1.0}, {"level": "word"}, {}]
    answers = reading.predict([reading.prepare(image)] * len(every), every)
    texts = [[text["transcription"] for text in answer.texts()] for answer in answers]
    assert texts == [["255", "120"], ["255"], [], ["255", "120"], ["255", "120"]]
    assert [answer.left_out for answer in answers] == [0, 1, 0, 0, 0]
    assert [("words" in answer.texts()[0]) for answer in answers if answer.texts()] == [False, False, True, False]
    assert answers[0].size == (240, 640)


def test_what_a_reader_tells_about_itself(reading) -> None:
    about = of_model(reading, Limits())
    assert (about.model, about.kind, "text" in about.formats) == ("ppocr-v3", "reading", True)
    assert list(about.options) == ["box_thresh", "binary_thresh", "expand_ratio", "drop_score", "level"]
    assert (about.options["drop_score"].default, about.options["drop_score"].maximum) == (0.2, 1)
    assert about.options["level"].choices == ["line", "word", "character"] and about.options["level"].maximum is None


@pytest.mark.parametrize(
    ("choice", "kind", "name"),
    [
        (Choice("/a/folder/best.ckpt"), "detection", "best.ckpt"),
        (Choice("/a/folder/best.ckpt", recogniser="rec.ckpt"), "reading", "best.ckpt"),
        (Choice("ppocr-v4", recogniser="rec.ckpt"), "reading", "ppocr-v4"),
    ],
)
def test_what_opens_a_model(choice, kind, name, network, monkeypatch) -> None:
    monkeypatch.setattr(reader_module, "TextRecogniser", RecogniserWithRunner)
    monkeypatch.setattr(reader_module, "find_weights", lambda name, task: f"{name}/{task}")
    model = models.open_model(choice)
    assert (model.kind, model.name) == (kind, name)
    if choice.recogniser:
        assert model._reader.recogniser.model == choice.recogniser


@pytest.fixture
def unlimited(network):
    """A detector whose network takes large images as they are."""
    return TextDetector("any", limit_side_len=736, limit_type="min")


def test_a_large_image_is_reduced_for_the_network(unlimited, network) -> None:
    image = white_box(size=(3000, 4000), box=(1000, 600, 3000, 1200))
    model = Detecting(unlimited, Choice("any", network_pixels=1_000_000))
    (answer,) = model.predict([model.prepare(image)], [{"expand_ratio": 0.0}])
    assert network.seen[-1].shape == (3, 864, 1184)  # 864 x 1153, rounded up to multiples of 32
    assert (answer.size, answer.searched) == ((3000, 4000), (864, 1153))
    (text,) = answer.texts()
    np.testing.assert_allclose(text["points"], [(1000, 600), (3000, 600), (3000, 1200), (1000, 1200)], atol=6)
    assert answer.draw(image).shape == image.shape


def test_lines_are_read_from_the_image_itself(unlimited, monkeypatch) -> None:
    seen: list[tuple[int, ...]] = []

    class Looking(RecogniserWithRunner):
        def read(self, crops, batch_size, ratios=None):
            seen.extend(crop.shape for crop in crops)
            return super().read(crops, batch_size, ratios)

    monkeypatch.setattr(reader_module, "find_weights", lambda name, task: f"{name}/{task}")
    monkeypatch.setattr(reader_module, "TextRecogniser", Looking)
    limit = {"limit_side_len": 736, "limit_type": "min"}
    model = models.open_model(Choice("ppocr-v3", detection=limit, network_pixels=1_000_000))
    image = white_box(size=(3000, 4000), box=(1000, 600, 3000, 900))
    (answer,) = model.predict([model.prepare(image)], [{}])
    assert answer.searched == (864, 1153) and [text["transcription"] for text in answer.texts()] == ["255"]
    assert seen[0][0] > 300 and seen[0][1] > 2000


def test_an_image_within_the_limit_is_not_touched(unlimited) -> None:
    image = white_box()
    assert unlimited.preparation.network_size((240, 640)) == (736, 1984)
    reduced = reduction.reduce(unlimited, image, 736 * 1984)
    assert reduced.image is image and reduced.searched is None


def test_a_strip_that_would_be_enlarged_is_refused(unlimited) -> None:
    with pytest.raises(Refusal, match="20000 x 100 pixels .+ above the limit of 1000000; cut the image") as refused:
        reduction.reduce(unlimited, np.zeros((100, 20000, 3), np.uint8), 1_000_000)
    assert refused.value.status == 413


def test_an_unknown_name_lists_released_weights_too(tmp_path) -> None:
    names = "or released weights that read: ppocr-v6-small, ppocr-v4, ppocr-v3"
    with pytest.raises(UserError, match=f"'resnet'.*: expected a file .*dbnet_resnet50.*; {names}"):
        models.open_model(Choice("resnet"))
    with pytest.raises(UserError, match=r"'ppocr-v9' \(did you mean 'ppocr-v\d'\?\): released weights"):
        models.open_model(Choice("ppocr-v9"))
    with pytest.raises(UserError, match="no such file") as caught:
        models.open_model(Choice(str(tmp_path / "absent.onnx")))
    assert "released" not in str(caught.value)
