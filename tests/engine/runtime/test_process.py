"""The process: device, ranks, seeds."""

import mindspore as ms
import pytest
from mindspore import ops

from mindocr.config.schema import System
from mindocr.engine.runtime import process
from mindocr.errors import ConfigError


def test_a_process_that_has_computed_can_start_again():
    ops.ones((1,), ms.float32).asnumpy()
    assert process.start(System()) == process.Runtime("CPU", 0, 1)
    assert process.start(System(device_target="CPU", deterministic=False)).is_main


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match="system.device_target: Ascend cannot be used here.*choose CPU"):
        process.start(System(device_target="Ascend"))


def test_the_seed_fixes_the_generators():
    process.start(System(seed=3))
    first = ops.standard_normal((4,)).asnumpy().tolist()
    process.start(System(seed=3))
    assert ops.standard_normal((4,)).asnumpy().tolist() == first
