import hashlib
import http.server
import socket
import subprocess
import sys
import threading
import time

import pytest

from mindocr.errors import CheckpointError
from mindocr.models import download
from mindocr.models.download import cache_dir, fetch_weights

# A sound checkpoint of one parameter without values, made long by its name, so that a check of its form passes
NAME = b"w" * 60000
CONTENT = b"\x0a\xe4\xd4\x03\x0a\xe0\xd4\x03" + NAME
DIGEST = hashlib.sha256(CONTENT).hexdigest()[:8]
SUMMED = f"net-{DIGEST}.ckpt"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "MINDOCR_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MINDOCR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSES", (0.0, 0.01))
    return tmp_path / "home" / "weights"


class Handler(http.server.BaseHTTPRequestHandler):
    """The first word of a file's name chooses the answer; as a proxy it gets full URLs."""

    def do_GET(self):  # noqa: N802  the base class's spelling
        self.server.asked.append(self.path)
        kind = self.path.rpartition("/")[2].partition("-")[0]
        if kind in ("absent", "broken") or (kind == "recovers" and len(self.server.asked) < 3):
            self.send_error(404 if kind == "absent" else 503)
            return
        if kind == "both":
            self.server.barrier.wait(60)
        content = b"<!DOCTYPE html>please log in" if kind == "portal" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:100] if kind == "short" else content)

    def log_message(self, *args):
        """Keep the test's output clean."""


class Stalling(Handler):
    def do_GET(self):  # noqa: N802  the base class's spelling
        self.server.asked.append(self.path)
        time.sleep(1.5)


@pytest.fixture(params=[Handler])
def server(request):
    """A running server: (address of its folder, list of the paths it was asked for)."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), request.param) as running:
        running.daemon_threads = True
        running.asked, running.barrier = [], threading.Barrier(2)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/models", running.asked
        running.shutdown()


def files(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_downloads_once_and_keeps_the_file(cache, server):
    url, asked = server
    path = fetch_weights(f"{url}/{SUMMED}")
    assert path == cache / SUMMED
    assert path.read_bytes() == CONTENT
    assert fetch_weights(f"{url}/{SUMMED}?from=mirror") == path
    assert len(asked) == 1
    assert files(cache) == [SUMMED]


def test_names_without_a_sum_lie_in_a_folder_per_url(cache, server):
    url, asked = server
    first, second = fetch_weights(f"{url}/a/best.ckpt"), fetch_weights(f"{url}/b/best.ckpt")
    assert first != second and first.parent.parent == second.parent.parent == cache
    assert first.parent.name == hashlib.sha256(f"{url}/a/best.ckpt".encode()).hexdigest()[:8]
    assert fetch_weights(f"{url}/a/best.ckpt") == first
    assert len(asked) == 2


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT.replace(b"w", b"v", 1)])
def test_a_damaged_file_in_the_cache_is_fetched_anew(cache, server, damaged, caplog):
    cache.mkdir(parents=True)
    (cache / SUMMED).write_bytes(damaged)
    assert fetch_weights(f"{server[0]}/{SUMMED}").read_bytes() == CONTENT
    assert "its name states" in caplog.text and "downloading it again" in caplog.text


def test_a_file_without_a_sum_is_checked_for_being_whole(cache, server):
    path = fetch_weights(f"{server[0]}/best.ckpt")
    path.write_bytes(CONTENT[:500])
    assert fetch_weights(f"{server[0]}/best.ckpt").read_bytes() == CONTENT
    assert len(server[1]) == 2


@pytest.mark.parametrize(
    ("name", "attempts", "message"),
    [
        ("net-00000000.ckpt", 1, f"was discarded: its SHA-256 sum is {DIGEST}..., its name states 00000000"),
        ("portal-page.ckpt", 1, "was discarded: not a MindSpore checkpoint but a web page"),
        ("short-file.ckpt", 3, "cannot download .*100 of 60008 bytes|cannot download .*IncompleteRead"),
        ("absent-file.ckpt", 1, r"cannot download .*HTTP Error 404.*put it at .*absent-file.ckpt"),
        ("broken-host.ckpt", 3, "cannot download .*HTTP Error 503"),
    ],
)
def test_a_failed_download_leaves_nothing(cache, server, name, attempts, message):
    url, asked = server
    with pytest.raises(CheckpointError, match=message):
        fetch_weights(f"{url}/{name}")
    assert files(cache) == []
    assert len(asked) == attempts


def test_a_passing_failure_is_overcome(server):
    url, asked = server
    assert fetch_weights(f"{url}/recovers-{DIGEST}.ckpt").read_bytes() == CONTENT
    assert len(asked) == 3


@pytest.mark.parametrize("server", [Stalling], indirect=True)
def test_a_server_that_says_nothing_is_left(server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    with pytest.raises(CheckpointError, match="cannot download .*timed out"):
        fetch_weights(f"{server[0]}/{SUMMED}")
    assert len(server[1]) == 3


def test_without_a_network_the_message_says_which_file_to_put_where(cache):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/models/net-12345678.ckpt"
        with pytest.raises(CheckpointError) as caught:
            fetch_weights(url)
    assert f"net-12345678.ckpt: cannot download {url}" in str(caught.value)
    assert f"put it at {cache / 'net-12345678.ckpt'}" in str(caught.value)


def test_offline_uses_the_cache_and_asks_nobody(cache, server, monkeypatch):
    url, asked = server
    monkeypatch.setenv("MINDOCR_OFFLINE", "1")
    with pytest.raises(CheckpointError) as caught:
        fetch_weights(f"{url}/{SUMMED}")
    assert "the file is not in the cache and MINDOCR_OFFLINE forbids the network" in str(caught.value)
    assert f"Download {url}/{SUMMED} on a machine with network access and put it at {cache / SUMMED}" in str(
        caught.value
    )
    cache.mkdir(parents=True)
    (cache / SUMMED).write_bytes(CONTENT)
    assert fetch_weights(f"{url}/{SUMMED}") == cache / SUMMED
    (cache / SUMMED).write_bytes(CONTENT[:-1])
    with pytest.raises(CheckpointError, match="the file in the cache is damaged .its SHA-256 sum is"):
        fetch_weights(f"{url}/{SUMMED}")
    assert asked == []


def test_the_proxy_of_the_environment_is_asked(server, monkeypatch):
    """The host does not exist; the server acts as the proxy, which gets the full URL."""
    address, asked = server
    monkeypatch.setenv("http_proxy", address.removesuffix("/models"))
    monkeypatch.setenv("no_proxy", "")
    url = f"http://weights.invalid/{SUMMED}"
    assert fetch_weights(url).read_bytes() == CONTENT
    assert asked == [url]


FETCH = "import sys; from mindocr.models.download import fetch_weights; print(fetch_weights(sys.argv[1]))"


def test_two_processes_at_once(cache, server, repo_root):
    """The server answers only when both have asked."""
    url = f"{server[0]}/both-{DIGEST}.ckpt"
    both = [
        subprocess.Popen([sys.executable, "-c", FETCH, url], cwd=repo_root, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    path = cache / f"both-{DIGEST}.ckpt"
    assert [process.communicate(timeout=120)[0] for process in both] == [f"{path}\n"] * 2
    assert path.read_bytes() == CONTENT
    assert files(cache) == [path.name]
    assert len(server[1]) == 2


def test_a_cache_that_cannot_be_written_is_told(cache, server):
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    with pytest.raises(CheckpointError, match="cannot download .*File exists|cannot download .*Not a directory"):
        fetch_weights(f"{server[0]}/{SUMMED}")


def test_an_address_without_a_file():
    with pytest.raises(CheckpointError, match="this URL names no file"):
        fetch_weights("http://127.0.0.1/")


def test_paths_are_taken_as_they_are(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fetch_weights("~/net.ckpt") == tmp_path / "net.ckpt"
    monkeypatch.delenv("MINDOCR_HOME")
    assert cache_dir() == tmp_path / ".mindocr" / "weights"
