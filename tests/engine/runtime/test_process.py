"""The process: device, folders, ranks."""

import subprocess
import sys

import mindspore as ms
import pytest
from mindspore import ops

from mindocr.config.schema import System
from mindocr.engine.runtime import process
from mindocr.errors import ConfigError, UserError


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


def test_an_output_folder_is_made_and_tried(tmp_path):
    assert process.prepare_output(tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="--save_dir: cannot write to '.*file'.*choose another folder"):
        process.prepare_output(tmp_path / "file", key="--save_dir")
    with pytest.raises(UserError, match="MiB are needed; free some space"):
        process.prepare_output(tmp_path, need_bytes=2**60)


def test_a_folder_without_permission_is_named(tmp_path):
    """As another user, since root may write everywhere."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    script = (
        "import os, sys\n"
        "from mindocr.engine.runtime import process\n"
        "os.getuid() or os.setuid(65534)\n"
        "process.prepare_output(sys.argv[1], key='train.ckpt_save_dir')\n"
    )
    tmp_path.chmod(0o755)
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "train.ckpt_save_dir: cannot write to" in done.stderr
    assert "Permission denied" in done.stderr
