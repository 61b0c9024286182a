import hashlib
import http.server
import threading

import pytest

from mindocr.errors import CheckpointError
from mindocr.models.download import cache_dir, fetch_weights

CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()[:8]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINDOCR_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


@pytest.fixture
def server():
    """Answers every name with CONTENT, save ``absent`` (404) and ``short`` (the connection ends early)."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802  the base class's spelling
            asked.append(self.path)
            if "absent" in self.path:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:100] if "short" in self.path else CONTENT)

        def log_message(self, *args):
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/models", asked
        running.shutdown()


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def test_downloads_once_and_keeps_the_file(cache, server):
    url, asked = server
    name = f"net-{DIGEST}.ckpt"
    path = fetch_weights(f"{url}/{name}")
    assert path == cache / name
    assert path.read_bytes() == CONTENT
    assert fetch_weights(f"{url}/{name}") == path
    assert len(asked) == 1
    assert files(cache) == [name]


def test_a_name_without_a_sum_is_taken_as_it_is(cache, server):
    assert fetch_weights(f"{server[0]}/net.ckpt").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("net-00000000.ckpt", f"has SHA-256 {DIGEST}..., its name promises 00000000"),
        ("short.ckpt", "cannot download .*100 of 7000 bytes|cannot download .*IncompleteRead"),
        ("absent.ckpt", "cannot download .*put it at .*absent.ckpt"),
    ],
)
def test_a_failed_download_leaves_nothing(cache, server, name, message):
    with pytest.raises(CheckpointError, match=message):
        fetch_weights(f"{server[0]}/{name}")
    assert files(cache) == []


def test_without_a_network_the_message_says_which_file_to_put_where(cache):
    with pytest.raises(CheckpointError) as caught:
        fetch_weights("http://127.0.0.1:9/models/net-12345678.ckpt")
    assert "net-12345678.ckpt: cannot download" in str(caught.value)
    assert f"put it at {cache / 'net-12345678.ckpt'}" in str(caught.value)


def test_paths_are_taken_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fetch_weights("~/net.ckpt") == tmp_path / "net.ckpt"
    monkeypatch.delenv("MINDOCR_WEIGHTS", raising=False)
    assert cache_dir() == tmp_path / ".mindocr" / "weights"
