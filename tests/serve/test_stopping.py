"""Start, overload and end of a service, with a stand-in for the model whose time depends on the width of the image."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from servers import Server, serving, slow, started
from test_picture import encoded

from mindocr.errors import UserError
from mindocr.serve.limits import Limits
from mindocr.serve.server import Address


def image(milliseconds: int, height: int = 20) -> bytes:
    return encoded(".png", np.zeros((height, milliseconds, 3), np.uint8))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    words = slow("--queue", "6", "--answer_s", "1.5", "--max_batch", "3")
    with started(words, tmp_path_factory.mktemp("slow")) as server:
        yield server
        # Ctrl-C twice does not wait for the image
        with ThreadPoolExecutor(1) as pool:
            flying = pool.submit(server.ask, "/predict", image(1400))
            while server.numbers()["mindocr_in_flight_requests"] < 1:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGINT)
            server.wait_for("stopping: 1 request in flight")
            server.process.send_signal(signal.SIGINT)
            assert server.ended() == 0
            assert flying.result().status == 503 and "stopped before" in flying.result().message


def test_images_of_one_size_share_a_batch_and_no_request_is_lost(server: Server) -> None:
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(server.ask, "/predict", image(600))
        while server.numbers()["mindocr_batch_images_count"] < 1:
            time.sleep(0.01)
        others = list(pool.map(lambda width: server.ask("/predict", image(width)), (30, 31, 32, 33)))
    assert first.result().json["texts"][0]["score"] == 1
    assert [reply.json["texts"][0]["points"][1][0] for reply in others] == [30, 31, 32, 33]
    shares = sorted(round(1 / reply.json["texts"][0]["score"]) for reply in others)
    assert shares == [1, 3, 3, 3]  # at most three together
    assert all(reply.json["seconds"]["waiting"] > 0 for reply in others)


def test_too_many_requests_are_refused_with_a_time_to_come_back(server: Server) -> None:
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(server.ask, "/predict", image(800))
        while server.numbers()["mindocr_in_flight_requests"] < 1:
            time.sleep(0.01)
        replies = [*pool.map(lambda _: server.ask("/predict", image(50)), range(8)), first.result()]
    statuses = sorted(reply.status for reply in replies)
    assert statuses == [200] * 6 + [503] * 3
    refused = next(reply for reply in replies if reply.status == 503)
    assert refused.headers["retry-after"] == "1" and "6 requests are being answered" in refused.message


def test_an_image_that_takes_too_long(server: Server) -> None:
    reply = server.ask("/predict", image(1800))
    assert reply.status == 504 and "no result within 1.5 s" in reply.message
    assert server.ask("/predict", image(10)).status == 200  # waits for the first one to end


def test_an_error_of_the_model_is_no_secret_of_the_client(server: Server) -> None:
    reply = server.ask("/predict", image(13))
    assert reply.status == 500 and "its log has the details" in reply.message
    assert "13 brings bad luck" in server.wait_for("13 brings bad luck")
    assert server.ask("/predict", image(10)).status == 200


def test_a_signal_lets_requests_in_flight_finish(tmp_path: Path) -> None:
    with started(slow(), tmp_path) as server, ThreadPoolExecutor(3) as pool:
        open_before = http.client.HTTPConnection(*server.place, timeout=30)
        open_before.request("GET", "/health")
        open_before.getresponse().read()
        flying = [pool.submit(server.ask, "/predict", image(700, height)) for height in (20, 21)]
        while server.numbers()["mindocr_in_flight_requests"] < 2:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("stopping: 2 requests in flight")
        time.sleep(0.1)
        with pytest.raises(OSError, match="refused|reset"):
            socket.create_connection(server.place, timeout=30).close()
        assert [each.result().status for each in flying] == [200, 200]
        assert server.ended() == 0
        assert server.log.rstrip().endswith("stopped") and "Traceback" not in server.log


def test_a_service_whose_model_is_loaded_lives_and_is_not_ready(tmp_path: Path) -> None:
    with started(slow("--model", "slow-1"), tmp_path, ready=False) as server:
        assert server.url
        while (live := _try(server, "/health/live")) is None:
            time.sleep(0.01)
        assert (live.status, live.json["state"]) == (200, "loading")
        assert server.ask("/health").status == 503 and server.ask("/model").headers["retry-after"] == "5"
        reply = server.ask("/predict", image(10))
        assert reply.status == 503 and "loading" in reply.message
        server.wait_for("ready: ")
        assert server.ask("/health").status == 200 and server.ask("/predict", image(10)).status == 200


def _try(server: Server, path: str):
    try:
        return server.ask(path)
    except OSError:
        return None


def test_addresses_that_cannot_be_used(server: Server) -> None:
    port = server.place[1]
    with pytest.raises(UserError) as used:
        Address("127.0.0.1", port).bind()
    assert str(used.value) == (
        f"--host 127.0.0.1 --port {port}: the port is in use; choose another one, or --port 0 for any free one"
    )
    with pytest.raises(UserError, match="--host 192.0.2.1 --port 0: not an address of this machine"):
        Address("192.0.2.1", 0).bind()
    with pytest.raises(UserError, match="--host no host: "):
        Address("no host", 0).bind()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"answer_s": 0}, "--answer_s: expected a number above 0, got 0"),
        ({"max_megabytes": float("nan")}, "--max_megabytes: expected a number above 0, got nan"),
        ({"max_wait_ms": -1}, "--max_wait_ms: expected a number from 0, got -1"),
        ({"max_network_megapixels": -4}, "--max_network_megapixels: expected a number above 0, got -4"),
        ({"workers": 0}, "--workers: expected a number from 1, got 0"),
        ({"max_batch": 0}, "--max_batch: expected a number from 1, got 0"),
    ],
)
def test_limits_that_cannot_be_used(values: dict[str, float], message: str) -> None:
    with pytest.raises(UserError) as wrong:
        Limits(**values)
    assert str(wrong.value) == message


def test_a_model_that_cannot_be_loaded_ends_the_service(tmp_path: Path) -> None:
    with started(serving("--model", "nothing.onnx"), tmp_path, ready=False) as server:
        assert server.ended() == 2
        assert server.log.endswith("error: 'nothing.onnx': no such file; expected an ONNX file\n")
        assert "Traceback" not in server.log


def test_the_check_of_a_service(model: Path, tmp_path: Path) -> None:
    with started(serving("--model", str(model), "--check"), tmp_path, ready=False) as server:
        assert server.ended() == 0
        assert re.search(r"check: [1-9]\d* texts?", server.log) and server.log.rstrip().endswith("stopped")
