"""The service as clients see it: a process that serves an ONNX file."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from bright_is_text import white_box
from servers import Server, form, serving, started
from test_picture import bomb, encoded

from mindocr.formats.label_file import parse_label_line
from mindocr.inference.detector import TextDetector
from mindocr.serve.answers import Result
from mindocr.serve.schema import About, Health

PHOTO = encoded(".png", white_box())
JPEG = encoded(".jpg", white_box())


@pytest.fixture(scope="module")
def server(model, tmp_path_factory):
    limits = ["--max_megapixels", "1", "--max_megabytes", "2", "--receive_s", "1"]
    folder = tmp_path_factory.mktemp("served")
    with started(serving("--model", str(model), *limits), folder) as server:
        yield server
        assert "Traceback" not in server.log and not list(folder.iterdir())


def test_the_result_is_that_of_the_detector(server: Server, model: Path) -> None:
    reply = server.ask("/predict", PHOTO)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json"), reply.body
    result = Result.model_validate(reply.json)
    assert (result.model, result.kind, result.size, result.left_out) == ("bright.onnx", "detection", (240, 640), 0)
    found = TextDetector(model)(white_box()).prediction.entries()
    assert reply.json["texts"] == found and len(found) == 1


def test_the_file_may_be_a_part_of_a_form(server: Server) -> None:
    alone = server.ask("/predict", JPEG, "image/jpeg").json["texts"]
    body, kind = form("image", "photo.jpg", JPEG)
    assert server.ask("/predict", body, kind).json["texts"] == alone
    reply = server.ask("/predict?format=labels", body, kind)
    name, (label,) = parse_label_line(reply.body.decode(), "labels", 1)
    assert (name, label["points"]) == ("photo.jpg", alone[0]["points"])
    assert reply.headers["content-type"] == "text/tab-separated-values; charset=utf-8"


def test_the_drawn_picture(server: Server, model: Path) -> None:
    expected = cv2.cvtColor(TextDetector(model)(white_box()).draw(), cv2.COLOR_RGB2BGR)
    reply = server.ask("/predict", PHOTO, Accept="image/png")
    assert reply.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(reply.body, np.uint8), cv2.IMREAD_COLOR), expected)
    assert server.ask("/predict?format=jpeg", PHOTO).body.startswith(b"\xff\xd8")


def test_thresholds_are_those_of_the_request(server: Server) -> None:
    def area(query: str) -> float:
        (text,) = server.ask(f"/predict?{query}", PHOTO).json["texts"]
        return cv2.contourArea(np.array(text["points"], np.float32))

    assert area("expand_ratio=3") > 1.2 * area("expand_ratio=1.5") == 1.2 * area("")
    assert server.ask("/predict?binary_thresh=1", PHOTO).json["texts"] == []  # nothing is above 1


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "message"),
    [
        ("/predict", b"", "image/png", 400, "holds no image (0 bytes)"),
        ("/predict", PHOTO, "text/plain", 415, "Content-Type 'text/plain': expected image/jpeg"),
        ("/predict", PHOTO, "application/x-www-form-urlencoded", 415, "expected image/jpeg"),
        ("/predict", b"not an image at all", "image/png", 415, "it begins with b'not an i'"),
        ("/predict", JPEG[:-30], "image/jpeg", 422, "this JPEG ends before its end marker"),
        ("/predict", bomb(60_000, 60_000), "image/png", 413, "3600000000 in all, above the limit of 1000000"),
        ("/predict", b"\xff\xd8" + bytes(3_000_000), "image/jpeg", 413, "more than the limit of 2 MB"),
        ("/predict?box_thresh=2", PHOTO, "image/png", 422, "box_thresh: "),
        ("/predict?box_thresh=nan", PHOTO, "image/png", 422, "box_thresh: "),
        ("/predict?box_tresh=0.5", PHOTO, "image/png", 400, "(did you mean 'box_thresh'?)"),
        ("/predict?drop_score=0.5", PHOTO, "image/png", 400, "'drop_score': no such option of this model"),
        ("/predict?format=xml", PHOTO, "image/png", 422, "format: "),
        ("/predict?format=text", PHOTO, "image/png", 406, "does not read"),
        ("/nowhere", PHOTO, "image/png", 404, "POST an image to /predict"),
        ("/metrics", PHOTO, "image/png", 405, "another method"),
    ],
)
def test_wrong_requests(server: Server, path: str, body: bytes, kind: str, status: int, message: str) -> None:
    reply = server.ask(path, body, kind)
    assert (reply.status, message in reply.message) == (status, True), reply.body


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (*form("image", "a", b""), "holds no image"),
        (*form("photo", "a", PHOTO), "expected a form with one file 'image', got 'photo'"),
        (form("image", "a", PHOTO)[0], "multipart/form-data", "states no boundary"),
        (b"--limit\r\nbroken", "multipart/form-data; boundary=limit", "form"),
        (b"--limit\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nwords\r\n--limit--\r\n",
         "multipart/form-data; boundary=limit", "got 'image' (no file)"),
    ],
)  # fmt: skip
def test_wrong_forms(server: Server, body: bytes, kind: str, message: str) -> None:
    reply = server.ask("/predict", body, kind)
    assert (reply.status, message in reply.message) == (400, True), reply.body


def test_wrong_headers(server: Server) -> None:
    assert "compressed" in server.ask("/predict", PHOTO, **{"Content-Encoding": "gzip"}).message
    reply = server.ask("/predict", PHOTO, Accept="video/mp4")
    assert reply.status == 406 and "expected one of application/json" in reply.message
    assert server.ask("/predict").status == 405 and server.ask("/predict").headers["allow"] == "POST"


def test_a_chunked_upload_without_end(server: Server) -> None:
    """The limit of bytes counts what arrives, whatever the headers state."""
    with socket.create_connection(server.place, timeout=30) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n")  # fmt: skip
        chunk = b"186a0\r\n" + bytes(100_000) + b"\r\n"
        connection.sendall(chunk * 22)
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"connection: close" in answer.lower()


@pytest.mark.parametrize(("start", "reason"), [
    (b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc",
     b"the request was not complete after 1 s"),
    (b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Ty", b"the headers of the request did not arrive in time"),
])  # fmt: skip
def test_a_slow_sender(server: Server, start: bytes, reason: bytes) -> None:
    with socket.create_connection(server.place, timeout=30) as connection:
        connection.sendall(start)
        received = b""
        while part := connection.recv(65_536):
            received += part
    assert received.startswith(b"HTTP/1.1 408 ") and reason in received


def test_what_is_no_http(server: Server) -> None:
    with socket.create_connection(server.place, timeout=30) as connection:
        connection.sendall(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")


def test_a_connection_is_used_again_after_a_refusal(server: Server) -> None:
    import http.client

    connection = http.client.HTTPConnection(*server.place, timeout=30)
    for body, status in ((b"", 400), (PHOTO, 200), (b"nothing", 415), (PHOTO, 200)):
        connection.request("POST", "/predict", body, {"Content-Type": "image/png"})
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (status, True)
    connection.close()


def test_concurrent_requests_get_their_own_results(server: Server) -> None:
    images = [encoded(".png", white_box(box=(20 + 7 * i, 60, 200 + 13 * i, 120))) for i in range(24)]
    alone = [server.ask("/predict", image).json["texts"] for image in images]
    assert len({str(texts) for texts in alone}) == 24
    with ThreadPoolExecutor(8) as pool:
        together = [reply.json["texts"] for reply in pool.map(lambda image: server.ask("/predict", image), images)]
    assert together == alone


def test_numbers(server: Server) -> None:
    before = server.numbers()
    texts = len(server.ask("/predict", PHOTO).json["texts"])
    server.ask("/predict", b"")
    after = server.numbers()

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown('mindocr_requests_total{path="/predict",status="200"}') == 1
    assert grown('mindocr_requests_total{path="/predict",status="400"}') == 1
    assert grown("mindocr_images_total") == 1 and grown("mindocr_texts_total") == texts
    assert grown("mindocr_request_seconds_count") == 2 and grown('mindocr_request_seconds_bucket{le="+Inf"}') == 2
    assert grown("mindocr_predict_seconds_count") == grown("mindocr_batch_images_count") == 1
    assert after["mindocr_queue_images"] == 0 and after["mindocr_in_flight_requests"] == 0
    assert after["mindocr_ready"] == 1
    assert 2e7 < after["process_resident_memory_bytes"] < 1.1 * after["mindocr_peak_memory_bytes"] < 4e9


def test_health_and_model(server: Server) -> None:
    for path in ("/health", "/health/live"):
        reply = server.ask(path)
        assert reply.status == 200 and Health.model_validate(reply.json).state == "ready"
    about = About.model_validate(server.ask("/model").json)
    assert (about.kind, list(about.options)) == ("detection", ["box_thresh", "binary_thresh", "expand_ratio"])
    assert about.limits.pixels == 1_000_000 and "text" not in about.formats


def test_the_schema_is_that_of_the_model(server: Server) -> None:
    schema = server.ask("/openapi.json").json
    operation = schema["paths"]["/predict"]["post"]
    names = [parameter["name"] for parameter in operation["parameters"]]
    assert names == ["format", "name", "box_thresh", "binary_thresh", "expand_ratio"]
    assert {"image/jpeg", "multipart/form-data"} <= set(operation["requestBody"]["content"])
    content = operation["responses"]["200"]["content"]
    assert content["application/json"] == {"schema": {"$ref": "#/components/schemas/Result"}} and "image/png" in content
    assert {"400", "408", "413", "415", "422", "503", "504"} <= set(operation["responses"])
    formats = operation["parameters"][0]["schema"]["anyOf"][0]["enum"]
    assert formats == ["json", "jpeg", "png", "labels"] and "text/plain" not in content
    assert operation["parameters"][2]["schema"]["default"] == 0.6
    assert "HTTPValidationError" not in json.dumps(schema)


def test_mindspore_is_not_loaded_for_an_onnx_file(server: Server) -> None:
    maps = Path(f"/proc/{server.process.pid}/maps")
    if not maps.exists():
        pytest.skip("no /proc here")
    loaded = maps.read_text(encoding="utf-8")
    assert "onnxruntime" in loaded and "mindspore" not in loaded


def test_a_client_that_leaves(server: Server) -> None:
    """It is counted, and the service goes on."""
    name = 'mindocr_requests_total{path="/predict",status="499"}'
    before = server.numbers().get(name, 0)
    head = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\nContent-Length: 90000\r\n\r\n"
    for _ in range(3):
        with socket.create_connection(server.place, timeout=30) as connection:
            connection.sendall(head)
    end = time.monotonic() + 20
    while server.numbers().get(name, 0) < before + 3:
        assert time.monotonic() < end
    assert server.ask("/predict", PHOTO).status == 200


def test_the_commands_of_the_page_work(server: Server, repo_root: Path, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    blocks = re.findall(r"^```console\n(.*?)^```$", (repo_root / "docs/serve.md").read_text("utf-8"), re.M | re.S)
    (block,) = [block for block in blocks if "curl" in block]
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    answers = []
    for command in block.splitlines():
        assert "http://127.0.0.1:8000/" in command
        here = command.replace("http://127.0.0.1:8000", server.url).replace("curl ", "curl --silent --fail ", 1)
        done = subprocess.run(["bash", "-c", here], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done.stderr)
        answers.append(done.stdout)
    assert json.loads(answers[0])["texts"] == json.loads(answers[1])["texts"] != []
    assert (tmp_path / "found.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads(answers[3])["state"] == "ready" and "mindocr_images_total" in answers[4]
