"""Output folders: created and checked before the work starts."""

import subprocess
import sys

import pytest

from mindocr.errors import UserError
from mindocr.utils.folders import prepare_output


def test_an_output_folder_is_made_and_tried(tmp_path):
    assert prepare_output(tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="--save_dir: cannot write to '.*file'.*choose another folder"):
        prepare_output(tmp_path / "file", key="--save_dir")
    with pytest.raises(UserError, match="MiB are needed; free some space"):
        prepare_output(tmp_path, need_bytes=2**60)


def test_a_folder_without_permission_is_named(tmp_path):
    """As another user, since root may write everywhere."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    script = (
        "import os, sys\n"
        "from mindocr.utils.folders import prepare_output\n"
        "os.getuid() or os.setuid(65534)\n"
        "prepare_output(sys.argv[1], key='train.ckpt_save_dir')\n"
    )
    tmp_path.chmod(0o755)
    command = [sys.executable, "-c", script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "train.ckpt_save_dir: cannot write to" in done.stderr
    assert "Permission denied" in done.stderr
