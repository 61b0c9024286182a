"""Memory of the device, which only Ascend reports."""

from types import SimpleNamespace

import pytest

from mindocr.engine.runtime import device_memory
from mindocr.engine.runtime.device_memory import peak_device_memory


def fails():
    raise RuntimeError("no device")


@pytest.mark.parametrize(
    ("mindspore", "peak"),
    [
        (SimpleNamespace(runtime=SimpleNamespace(max_memory_allocated=lambda: 7)), 7),
        (SimpleNamespace(hal=SimpleNamespace(max_memory_allocated=lambda: 8)), 8),
        (SimpleNamespace(runtime=SimpleNamespace(max_memory_allocated=fails)), None),
        (SimpleNamespace(runtime=SimpleNamespace()), None),
    ],
)
def test_the_peak_of_an_ascend_device_where_this_mindspore_reports_it(monkeypatch, mindspore, peak):
    monkeypatch.setattr(device_memory, "ms", mindspore)
    assert peak_device_memory("Ascend") == peak
    assert peak_device_memory("CPU") is None
