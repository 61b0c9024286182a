"""The weights that fine-tuning starts from, and the settings that belong to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mindocr.config.compat import upgrade
from mindocr.config.merge import merge
from mindocr.config.read import resolve
from mindocr.config.recipes import recipe_folder, recipe_name
from mindocr.errors import UserError
from mindocr.models.ckpt_entries import MODEL_KEY, RUN_ENTRY, SETTINGS_ENTRY, unpack
from mindocr.models.weights import read_checkpoint

TASKS = {"det": "a detector", "rec": "a recogniser"}
FOLDER = "finetune"  # of the recipes


@dataclass(frozen=True)
class Start:
    """Weights and settings.

    Attributes:
        ckpt: the checkpoint.
        task: ``det`` or ``rec``.
        recipe: where the settings come from, for messages.
        values: a complete configuration as plain values, with what fine-tuning changes.
        characters: the dictionary of a recogniser, without the blank and the space.
    """

    ckpt: Path
    task: str
    recipe: str
    values: dict[str, Any]
    characters: list[str]


def read_start(ckpt: Path, task: str | None = None) -> Start:
    """Read a checkpoint and find the recipe that fine-tunes it.

    Weights that ``mindocr train`` has written hold the configuration of their run: what fine-tuning changes is laid
    over it. Converted weights hold their network: the recipe in ``configs/finetune`` with the same parts is taken.

    Args:
        ckpt: the checkpoint.
        task: what the user wants to train; None = what the weights are for.

    Raises:
        UserError: the checkpoint holds no settings, they belong to no recipe, or to another task.
        CheckpointError: the checkpoint cannot be read.
    """
    entries = read_checkpoint(ckpt)
    if SETTINGS_ENTRY in entries:
        settings = unpack(entries[SETTINGS_ENTRY])
        model = dict(settings[MODEL_KEY])
        found = _task_of(ckpt, model, task)
        recipe, values = _recipe_of(ckpt, model, found)
        values = merge(values, {"postprocess": settings["postprocess"]})
        values["model"] = model
        stored = settings["postprocess"]
    elif RUN_ENTRY in entries and "config" in unpack(entries[RUN_ENTRY]):
        earlier = upgrade(unpack(entries[RUN_ENTRY])["config"]).values
        model = earlier["model"]
        found = _task_of(ckpt, model, task)
        if model.get("networks"):
            raise UserError(
                f"--model: {ckpt} is of a run with several networks ({', '.join(model['networks'])}); fine-tune one of "
                "them: export it, or train with a configuration of your own"
            )
        recipe = f"the configuration stored in {ckpt}"
        values = _laid_over(earlier, found)
        stored = earlier.get("postprocess") or {}
    else:
        raise UserError(
            f"--model: {ckpt} holds no settings; convert weights of other projects with 'mindocr convert-weights', or "
            "use 'mindocr train' with model.pretrained and a configuration of your own"
        )
    values["model"] = {**values["model"], "pretrained": str(ckpt.resolve())}
    # Weights keep their dictionary; without it here, a run takes it from them.
    characters = list(stored.get("characters") or [])
    return Start(ckpt, found, recipe, _without_characters(values), characters)


def _task_of(ckpt: Path, model: Mapping[str, Any], task: str | None) -> str:
    found = str(model.get("type", "det"))
    if found not in TASKS:
        raise UserError(f"--model: {ckpt} is for the task '{found}'; fine-tuning knows {' and '.join(TASKS)}")
    if task is not None and task != found:
        raise UserError(f"--task {task}: {ckpt} is {TASKS[found]}; leave --task out, or name other weights")
    return found


def _recipe_of(ckpt: Path, model: Mapping[str, Any], task: str) -> tuple[str, dict[str, Any]]:
    """Name and values of the recipe whose network has the same parts as ``model``."""
    for file in sorted((recipe_folder() / FOLDER).glob(f"[!_]*/*_{task}_*.yaml")):
        values = upgrade(resolve(file)).values
        if all(_is_same(values["model"].get(part), model.get(part)) for part in ("backbone", "neck", "head")):
            return recipe_name(file), values
    names = [str((model.get(part) or {}).get("name")) for part in ("backbone", "neck", "head")]
    raise UserError(
        f"--model: {ckpt}: no recipe in configs/{FOLDER} has a network of {', '.join(names)}; use 'mindocr train' with "
        "model.pretrained and a configuration of your own"
    )


def _is_same(ours: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None) -> bool:
    """Whether two parts have one name and agree in the arguments that both name; the number of classes is free."""
    if not ours or not theirs:
        return False
    if ours["name"] != theirs["name"]:
        # A head that computes the same in evaluation may go by two names
        return {ours["name"], theirs["name"]} <= {"DBHead", "DBHeadEnhance"}
    both = (set(ours) & set(theirs)) - {"out_channels", "pretrained"}
    return all(ours[key] == theirs[key] for key in both)


def _without_characters(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without dictionaries, which ``mindocr.inference.dictionary`` completes again."""
    cleaned: dict[str, Any] = {}
    for key, value in values.items():
        if key == "characters":
            continue
        if isinstance(value, Mapping):
            value = _without_characters(value)
        elif isinstance(value, list):
            value = [_without_characters(each) if isinstance(each, Mapping) else each for each in value]
        cleaned[key] = value
    return cleaned


def _laid_over(earlier: Mapping[str, Any], task: str) -> dict[str, Any]:
    """The configuration of a run with what fine-tuning changes; pipelines and batches stay as they were.

    Every BatchNorm of such a network has been trained, so all of them keep their statistics.
    """
    changes = resolve(recipe_folder() / FOLDER / "_base" / f"{task}.yaml")
    changes["train"].pop("dataset", None)
    changes["train"]["loader"].pop("batch_size", None)
    values = dict(merge(earlier, changes))
    values["train"] = {**values["train"], "norm_layers": {"frozen": ["all"], "affine": True}}
    values["train"]["resume"] = values["train"]["max_steps"] = None
    return values
