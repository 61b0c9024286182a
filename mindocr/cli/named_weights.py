"""Weights that an option names: a file, or the name of released weights."""

from __future__ import annotations

from pathlib import Path


def find_named(model: str, task: str | None, runtime: str = "auto", option: str = "--model") -> tuple[Path, str | None]:
    """The model file that an option such as ``--model`` means, and the task as far as it is known.

    Args:
        model: path of a file, or a name as in PP-OCRv3 or ppocr-v3.
        task: ``det`` or ``rec``; None = not given.
        runtime: for released weights, see :func:`mindocr.reading.weights.find_weights`.
        option: that was typed, for messages.

    Raises:
        UserError: it is neither a file nor a name, or the name has weights for several tasks and none is given.
    """
    from mindocr.errors import UserError
    from mindocr.inference import checkpoint
    from mindocr.reading.weights import RELEASED, find_weights
    from mindocr.registry import suggest

    if Path(model).exists():
        return checkpoint.find_weights(model), task
    names = {_plain(name): name for name in RELEASED} | {"ppocrv6": "ppocr-v6-small"}
    name = names.get(_plain(model))
    if name is None:
        raise UserError(
            f"{option}: '{model}' is neither a file nor the name of released weights{suggest(model, RELEASED)}; known: "
            f"{', '.join(RELEASED)}"
        )
    tasks = [each for each in RELEASED[name] if each in ("det", "rec")]
    if task is None and len(tasks) > 1:
        raise UserError(f"--task: {name} has a detector and a recogniser; choose one with --task det or --task rec")
    task = task or next(iter(tasks), None)
    return find_weights(name, task or "cls", runtime), task


def _plain(name: str) -> str:
    """A name without case, blanks and dashes: PP-OCRv3 and ppocr-v3 are the same."""
    return "".join(character for character in name.lower() if character.isalnum())
