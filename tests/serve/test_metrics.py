"""Prometheus' text, by hand."""

from __future__ import annotations

from mindocr.serve.metrics import Counter, Gauge, Histogram, to_text


def test_text_of_every_kind() -> None:
    requests = Counter("requests_total", "Requests.", ("path", "status"))
    requests.add("/b", 404)
    requests.add("/a", 200)
    requests.add("/a", 200)
    seconds = Histogram("seconds", "Time.", (0.5, 1))
    for value in (0.25, 0.5, 0.75, 2):
        seconds.observe(value)
    memory = Gauge("memory_bytes", "Memory.", lambda: 1.5, [("host", 'a"b\\c\nd')])
    images = Counter("images_total", "Images.")
    assert to_text([requests, seconds, memory, images]).splitlines() == [
        "# HELP requests_total Requests.",
        "# TYPE requests_total counter",
        'requests_total{path="/a",status="200"} 2',
        'requests_total{path="/b",status="404"} 1',
        "# HELP seconds Time.",
        "# TYPE seconds histogram",
        'seconds_bucket{le="0.5"} 2',
        'seconds_bucket{le="1"} 3',
        'seconds_bucket{le="+Inf"} 4',
        "seconds_sum 3.5",
        "seconds_count 4",
        "# HELP memory_bytes Memory.",
        "# TYPE memory_bytes gauge",
        'memory_bytes{host="a\\"b\\\\c\\nd"} 1.5',
        "# HELP images_total Images.",
        "# TYPE images_total counter",
        "images_total 0",
    ]
