"""The commands that follow a training run, ready to be pasted into a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.config import Config
from mindocr.config.yaml_io import parse_yaml
from mindocr.data.datasets.sources import find_images
from mindocr.errors import ConfigError, DataError

RESUME = "train.resume=auto"


@dataclass(frozen=True)
class Started:
    """How the user starts our commands.

    Attributes:
        train, evaluate, predict: the start of these commands, such as ``mindocr eval``.
        arguments: of this run, as typed; None = it was not started by a command.
    """

    train: str = "mindocr train"
    evaluate: str = "mindocr eval"
    predict: str = "mindocr predict"
    arguments: tuple[str, ...] | None = None


@dataclass(frozen=True)
class NextCommands:
    """Builds the commands; paths are relative where those of the configuration are.

    Attributes:
        config: of the run.
        ranks: processes of the run.
    """

    config: Config
    started: Started = Started()
    ranks: int = 1

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return Path(self.config.train.ckpt_save_dir)

    def resume(self, *overrides: str) -> str:
        """The command of this run with ``train.resume=auto`` and ``overrides`` added."""
        given = self.started.arguments
        words = list(given) if given is not None else ["-c", str(self.folder / "config.yaml")]
        added = [word for word in (*overrides, RESUME) if word not in words]
        return f"{self.started.train} {shlex.join([*words, *(['-o', *added] if added else [])])}"

    @property
    def on_all_ranks(self) -> str:
        """What a message adds where the command must be started on several ranks."""
        return f" on each of the {self.ranks} ranks, with the launcher as before" if self.ranks > 1 else ""

    def after_training(self, best: bool, epoch: int) -> list[str]:
        """The commands that evaluate a checkpoint of the run and find text with it.

        Args:
            best: the run has scored its weights, and the best ones are wanted.
            epoch: the last one of the run, whose weights are taken otherwise.

        Returns:
            Those for which the files and the sections of the configuration exist.
        """
        found = [self.weights(stem) for stem in (*(["best"] if best else []), epoch_stem(epoch))]
        ckpt = next((path for path in found if path.exists()), None)
        config, sections = self.folder / "config.yaml", self.config
        if ckpt is None or not config.exists():
            return []
        commands = []
        if sections.eval is not None and sections.postprocess is not None and sections.metric is not None:
            words = ["-c", str(config), "-o", f"eval.ckpt_load_path={_yaml_text(str(ckpt))}"]
            commands.append(f"{self.started.evaluate} {shlex.join(words)}")
        if (sections.eval or sections.predict) is not None and sections.postprocess is not None:
            words = ["-c", str(config), "--det_model_dir", str(ckpt), "--image_dir", self._images()]
            commands.append(f"{self.started.predict} {shlex.join(words)}")
        return commands

    def weights(self, stem: str) -> Path:
        """File of the weights ``best`` or of an epoch, see :func:`epoch_stem`; it may not exist."""
        return self.folder / f"{stem}.{self.config.train.ckpt_format}"

    def _images(self) -> str:
        """A folder with images: those of the evaluation, else those of the training."""
        for section in (self.config.eval, self.config.train):
            folder = _image_folder(section.dataset) if section is not None else None
            if folder is not None:
                return str(folder)
        return "PHOTOS"


def epoch_stem(epoch: int) -> str:
    """Name of the file with the weights of an epoch, without its suffix."""
    return f"epoch_{epoch:04d}"


def _image_folder(dataset: Mapping[str, Any]) -> Path | None:
    folders, root = dataset.get("data_dir"), dataset.get("dataset_root") or ""
    first = folders[0] if isinstance(folders, list) and folders else folders
    if not isinstance(first, str) or not (Path(root) / first).is_dir():  # a MindRecord is a file
        return None
    try:
        find_images(Path(root) / first)
    except DataError:
        return None
    return Path(root) / first


def _yaml_text(text: str) -> str:
    """``text`` as the value of an override, which is read as YAML."""
    try:
        same = parse_yaml(text, "") == text
    except ConfigError:
        same = False
    return text if same else json.dumps(text)
