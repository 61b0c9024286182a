"""Content of the page: names, hashes, pictures within the budget, no external resources."""

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rectangles import rect

from mindocr.errors import DataError, UserError
from mindocr.formats.benchmarks import ImagePair, Outlines
from mindocr.metrics.det_metric import DetMetric
from mindocr.predictions.base import decode_one
from mindocr.predictions.detection import Detection
from mindocr.registry import POSTPROCESSES
from mindocr.report import page as page_module
from mindocr.report.collect import DetectionReport, judged_images_of
from mindocr.report.diagnosis import diagnose
from mindocr.report.page import NAME, PAGE_BYTES, data_hash, write_page
from mindocr.report.payload import as_script, records, short_names, worst_first
from mindocr.report.pictures import BUDGET, QUALITIES, choose_quality, gather
from mindocr.report.setup import Setup
from mindocr.utils.html import picture_uri

WORD, APART = rect(0, 0, 100, 20), rect(200, 100, 300, 120)


@pytest.fixture
def photograph(tmp_path):
    """Write a noisy image that is hard to compress, and return its path."""

    def write(name: str, height: int = 200, width: int = 400) -> Path:
        rng = np.random.default_rng(0)
        path = tmp_path / "pictures" / name
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), rng.integers(0, 256, (height, width, 3), np.uint8))
        return path

    return write


def page_of(judged, folder, **more):
    return write_page(folder, judged.cases, judged.metric, {"weights": "best.ckpt"}, **more).read_text(encoding="utf-8")


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def test_the_page_stands_alone(judged, photograph, tmp_path):
    judged([WORD], [APART], picture=photograph("a.png"), scores=[0.8])
    page = page_of(judged, tmp_path / "report")
    assert [path.name for path in (tmp_path / "report").iterdir()] == [NAME]
    assert not re.search(r"https?:|//\w+\.\w|@import|<link(?! rel=\"icon\" href=\"data:,\")", page)
    assert all(address.startswith(("data:", "url(#")) for address in re.findall(r"(?:src|href)=\"([^\"]*)", page))
    assert '<meta name="viewport" content="width=device-width' in page and "prefers-color-scheme: dark" in page
    picture = re.search(r'id="picture-0">data:image/jpeg;base64,([^<]*)<', page)[1]
    assert cv2.imdecode(np.frombuffer(base64.b64decode(picture), np.uint8), cv2.IMREAD_COLOR).shape == (200, 400, 3)


def test_the_summary_and_the_records(judged, tmp_path):
    judged([WORD, APART], [WORD], scores=[0.75], candidates=[WORD, APART + 150], candidate_scores=[0.75, 0.25])
    judged([WORD], [], [True], scores=[])
    page = page_of(judged, tmp_path)
    assert "0.6667" in page and "2 images, 1 matched, 2 gt_care, 1 det_care" in page and "best.ckpt" in page
    assert data_hash(judged.cases) in page
    first, second = data_of(page)
    assert (first["name"], first["size"], first["r"], first["p"]) == ("img_0", [400, 200], 0.5, 1.0)
    assert first["truth"][0] == {"at": [0, 0, 100, 0, 100, 20, 0, 20], "state": "hit"}
    assert first["truth"][1]["state"] == "miss" and first["truth"][1]["tag"] == "no overlap"
    assert first["found"] == [{"at": [0, 0, 100, 0, 100, 20, 0, 20], "state": "hit", "score": 0.75}]
    assert [one["score"] for one in first["weak"]] == [0.25]
    assert second["truth"][0]["state"] == "aside" and second["found"] == []


def test_the_records_hold_every_threshold_in_runs(judged, tmp_path):
    """Thresholds 0.25, 0.6 and 0.75: at the lowest the weak detection is a false positive, then it is gone."""
    judged([WORD, APART], [WORD], scores=[0.75], candidates=[WORD, APART + 150], candidate_scores=[0.75, 0.25])
    page = page_of(judged, tmp_path, setup=Setup(threshold=0.6))
    (record,) = data_of(page)
    assert record["weak"][0]["runs"] == [0, 2, 1, 0] and "runs" not in record["found"][0]
    assert record["steps"] == [0, 0.5, 0.5, 0.5, 1, 1, 1, 1, 0.6667, 0.5, 1.0, 1, 1, 0]
    swept = json.loads(re.search(r'id="sweep">(.*?)</script>', page, re.S)[1])
    assert swept["at"] == [0.2, 0.6] and swept["counts"] == [[1, 1, 1], [1, 1, 0]]
    assert swept["f"] == [0.5, 0.666667]
    assert 'data-now="1" data-setting="postprocess.box_thresh"' in page


def test_only_the_script_of_the_page_may_run(judged, tmp_path):
    judged([WORD], [WORD], scores=[0.9])
    page = page_of(judged, tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    script = re.search(r"<script>(.*)</script>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert (
        html.unescape(policy).startswith(f"default-src 'none'; script-src 'sha256-{digest}';")
        and "unsafe-eval" not in policy
    )
    assert not re.search(r"\son\w+=", page), "no handlers in attributes"


def test_a_file_name_that_is_not_utf8(judged, tmp_path):
    judged([WORD], [WORD], image="\udcff.jpg")
    assert data_of(page_of(judged, tmp_path))[0]["name"] == "\udcff.jpg"


def test_the_label_file_names_the_image_file(judged, photograph, tmp_path):
    judged([WORD], [WORD], image="a", picture=photograph("a.png"))
    judged([WORD], [WORD], image="b.png", picture=photograph("b.png"))
    assert [record.get("file") for record in data_of(page_of(judged, tmp_path))] == ["a.png", None]


def test_the_same_evaluation_gives_the_same_page(judged, photograph, tmp_path):
    judged([WORD], [APART], picture=photograph("a.png"), scores=[0.8])
    assert page_of(judged, tmp_path / "a") == page_of(judged, tmp_path / "b")


def test_what_is_not_there_is_said(judged, tmp_path):
    judged([WORD], [APART])
    page = page_of(judged, tmp_path)
    assert "No images: set --image_dir to their folder" in page and "No probability and threshold maps" in page
    assert "Some or all detections have no scores" in page and "Precision and recall over the score" not in page
    judged.use("icdar2015")
    judged([WORD], [WORD], scores=[0.9], maps={"probability": "data:,"})
    page = page_of(judged, tmp_path)
    assert "No threshold map: the head of this network" in page and "Some or all detections have no scores" not in page
    assert "Nothing: no text was missed and there are no false positives." in page


def test_an_empty_set_and_a_set_without_texts_have_a_page(judged, tmp_path):
    assert data_of(page_of(judged, tmp_path)) == []
    judged([], [])
    assert len(data_of(page_of(judged, tmp_path))) == 1


def test_names_cannot_break_the_page(judged, tmp_path):
    judged([WORD], [WORD])
    name = '<img src=x onerror=alert("x")>\u2028'
    judged.cases[0] = replace(judged.cases[0], image=name)
    page = page_of(judged, tmp_path)
    assert "<img" not in page and data_of(page)[0]["name"] == name
    assert json.loads(as_script(["</script>"])) == ["</script>"] and "</script>" not in as_script(["</script>"])


def test_names_lose_only_the_folders_they_share(judged):
    case = judged([WORD], [])
    for given, shown in [
        (["/data/test/a/1.jpg", "/data/test/b/1.jpg"], ["a/1.jpg", "b/1.jpg"]),
        (["/data/1.jpg"], ["1.jpg"]),
        (["img_1", "img_2"], ["img_1", "img_2"]),
        (["/data/1.jpg", "2.jpg"], ["/data/1.jpg", "2.jpg"]),
        ([], []),
    ]:
        assert short_names([replace(case, image=name) for name in given]) == shown


def test_the_data_hash_tells_data_apart_and_nothing_else(judged):
    case = judged([WORD], [WORD])
    same = replace(case, image="/somewhere/img_0.jpg", found=[], truth=[WORD.astype(np.float32)])
    assert data_hash([case]) == data_hash([same])
    others = [replace(case, truth=[WORD + 1]), replace(case, ignore=np.array([True])), replace(case, image="img_1")]
    assert len({data_hash([each]) for each in [case, *others]}) == 4


def test_worst_first(judged):
    judged([WORD], [WORD])
    judged([WORD], [])
    judged([WORD, APART], [])
    assert worst_first(judged.cases) == [2, 1, 0]


def test_a_folder_that_cannot_be_written(judged, tmp_path):
    judged([WORD], [])
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"--report: cannot write to '.*file' \(.+\); choose another folder"):
        page_of(judged, tmp_path / "file")


def test_pictures_keep_to_limit_and_budget(judged, photograph, tmp_path):
    file = photograph("a.png")
    for _ in range(4):
        judged([WORD], [], picture=file, maps={"probability": "data:" + "x" * 995})
    everything = gather(judged.cases, [3, 1, 0, 2])
    assert list(everything.pictures) == [3, 1, 0, 2] and everything.left_out == 0
    assert everything.quality == QUALITIES[0]
    assert list(gather(judged.cases, [3, 1, 0, 2], limit=2).pictures) == [3, 1]
    one = len(picture_uri(cv2.imread(str(file)), *QUALITIES[-1])) + len(judged.cases[0].maps["probability"])
    album = gather(judged.cases, [3, 1, 0, 2], budget=2 * one)
    assert album.quality == QUALITIES[-1] and album.left_out >= 1
    assert sum(len(uri) for entry in album.pictures.values() for uri in entry.values()) <= 2 * one
    assert list(album.pictures) == [3, 1, 0, 2][: len(album.pictures)] != []
    page = page_of(judged, tmp_path, limit=1)
    assert "1 of 4 images are shown with pictures, worst first" in page
    assert [record["pics"] for record in data_of(page)] == [["picture", "probability"], [], [], []]
    assert BUDGET < PAGE_BYTES


def test_records_and_pictures_share_the_room(judged, tmp_path, monkeypatch):
    """What the records take is not there for pictures; without many records, pictures have their whole budget."""
    budgets, own = [], page_module.gather
    monkeypatch.setattr(page_module, "gather", lambda *args: budgets.append(args[-1]) or own(*args))
    judged([WORD], [WORD + i for i in range(300)], scores=np.linspace(0, 1, 300).tolist())
    page = page_of(judged, tmp_path)
    monkeypatch.setattr(page_module, "PAGE_BYTES", page_module.REST_BYTES + 100_000)
    page_of(judged, tmp_path)
    monkeypatch.setattr(page_module, "PAGE_BYTES", page_module.REST_BYTES)
    page_of(judged, tmp_path)
    size = len(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    assert size > 20_000 and budgets == [BUDGET, 100_000 - size, 0]


def test_quality_falls_as_pictures_become_many(photograph):
    file = photograph("a.png", 720, 1280)
    rooms = [10**9, 3 * 10**6, 2 * 10**6, 10**6, 10**3]
    chosen = [QUALITIES.index(choose_quality([file] * 20, room)) for room in rooms]
    assert chosen == sorted(chosen) and chosen[0] == 0 and chosen[-1] == len(QUALITIES) - 1 and len(set(chosen)) >= 3
    assert choose_quality([], 10**9) is None


def test_a_picture_that_cannot_be_read_is_told(judged, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"nothing")
    judged([WORD], [], picture=tmp_path / "a.jpg")
    page = page_of(judged, tmp_path)
    assert "1 images could not be read, such as" in page and "not an image that OpenCV can decode" in page
    assert data_of(page)[0]["pics"] == []


class Loose:
    """A post-processing that finds one detection more, of a low score."""

    reads, columns = ("prob",), ("shape_list",)

    def __call__(self, maps: np.ndarray, shapes: np.ndarray) -> list[Detection]:
        assert maps.shape == (1, 1, 64, 128) and shapes.shape == (1, 4)
        return [Detection([WORD, APART], [0.8, 0.1])]


def test_maps_are_those_of_the_image_without_padding():
    """Source 100 x 200, network 50 x 100 of 64 x 128: the padding is cut off, peaks are taken inside the polygons."""
    prob, thresh = np.full((1, 64, 128), 0.2, np.float32), np.full((1, 64, 128), 0.6, np.float32)
    prob[0, 5, 10], prob[0, 60:, :] = 0.9, 1.0
    report = DetectionReport(metric=DetMetric())
    report._loose = Loose()
    found = Detection([WORD], [0.8])
    truth = [rect(0, 0, 40, 20), rect(100, 40, 160, 60), rect(-50, -50, -10, -10)]
    shape = np.array([100, 200, 0.5, 0.5], np.float32)
    columns = {"shape_list": shape, "polys": truth, "ignore_tags": np.zeros(3, bool)}
    report.add("img_1.jpg", {"prob": prob, "thresh": thresh, "binary": prob}, found, columns, None)
    (case,) = report.cases
    assert (case.size, case.ratio, case.picture) == ((100, 200), (0.5, 0.5), Path("img_1.jpg"))
    assert case.peaks == pytest.approx([0.9, 0.2, 0.0])
    (weak,), scores = case.weak()
    assert np.array_equal(weak, APART) and scores == [0.1]
    for name, level in (("probability", 0.2), ("threshold", 0.6)):
        data = base64.b64decode(case.maps[name].split(",")[1])
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert grey.shape == (50, 100) and np.median(grey) == pytest.approx(level * 255, abs=3)
        assert grey[-4:].max() < 0.8 * 255, "the padding below is not part of the picture"


def test_a_network_that_gives_the_probability_alone():
    report = DetectionReport(metric=DetMetric())
    columns = {"shape_list": np.array([64, 64, 1, 1], np.float32), "polys": [], "ignore_tags": np.zeros(0, bool)}
    report.add("a.jpg", {"prob": np.zeros((1, 64, 64), np.float32)}, Detection(), columns, None)
    assert set(report.cases[0].maps) == {"probability"} and report.cases[0].weak() == ([], [])


def test_a_detector_without_a_probability_map(tmp_path):
    """The page takes map, peaks and regions below the threshold from the post-processing of any detector."""
    scores, deltas = np.zeros((14, 6, 20), np.float32), np.zeros((56, 6, 20), np.float32)
    scores[4, 1, 2:8], scores[4, 4, 2:8] = 0.95, 0.8  # rows of strips 16 pixels high
    metric, section = DetMetric(protocol="icdar2013_deteval"), {"name": "CTPNPostProcess"}
    report = DetectionReport(section, metric)
    truth = [rect(32, 16, 128, 32), rect(32, 64, 128, 80)]
    columns = {"shape_list": np.array([96, 320, 1, 1]), "polys": truth, "ignore_tags": np.zeros(2, bool)}
    outputs = {"text_scores": scores, "box_deltas": deltas}
    found = decode_one(POSTPROCESSES.build(section), outputs, columns)
    report.add("a.jpg", outputs, found, columns, metric.update(found.polys, truth, [False] * 2))
    (case,) = report.cases
    assert case.peaks == pytest.approx([0.95, 0.8])
    assert case.weak()[1] == pytest.approx([0.8]) and set(case.maps) == {"probability"}
    page = report.write(tmp_path, {}).read_text(encoding="utf-8")
    assert "a region is there, but its score is only 0.80" in page
    assert 'data-copy="-o postprocess.box_thresh=0.8"' in page


def test_matches_of_several_have_a_column(judged, tmp_path):
    judged.use("icdar2013_deteval")
    judged([rect(0, 0, 99, 19)], [rect(0, 0, 49, 19), rect(50, 0, 99, 19)])
    page = write_page(tmp_path, judged.cases, judged.metric, {}).read_text(encoding="utf-8")
    assert '<th class="number">shared matches</th>' in page and 'data-label="shared matches">1</td>' in page
    assert page.count('"state":"hit","tag":"split"') == 3


def pair(name, truth, found):
    return ImagePair(name, Outlines("gt:1", truth, [False] * len(truth)), Outlines("det:1", found, []))


def test_cases_from_files(judged, photograph):
    pairs = [pair("img_1", [WORD], [APART]), pair("img_2", [], [])]
    results = judged.metric.update_many([(p.found.polys, p.truth.polys, p.truth.ignore) for p in pairs])
    first, second = judged_images_of(pairs, results)
    assert (first.image, first.size, first.scores, first.picture) == ("img_1", (120, 300), None, None)
    assert second.size == (1, 1)
    folder = photograph("img_1.png").parent
    first, second = judged_images_of(pairs, results, folder)
    assert first.picture == folder / "img_1.png" and first.size == (200, 400) and second.picture is None
    with pytest.raises(
        DataError, match=r"none of the 1 images is in this folder, such as 'img_2'; it holds files such as 'img"
    ):
        judged_images_of(pairs[1:], results[1:], folder)


def test_records_round_to_a_tenth_of_a_pixel(judged):
    case = judged([WORD + 0.26], [])
    (record,) = records([case], diagnose(judged.cases, judged.metric.protocol))
    assert record["truth"][0]["at"][:2] == [0.3, 0.3]
