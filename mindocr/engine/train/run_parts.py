"""The parts of a training run, built from its configuration, and restored where the run is resumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mindspore import nn

from mindocr.config import Config
from mindocr.data.loading.loader import Loader
from mindocr.engine.diagnose.failed_step.capsule import Recorder
from mindocr.engine.diagnose.zero_score.health import HealthCheck
from mindocr.engine.diagnose.zero_score.monitor import ZeroWatch
from mindocr.engine.evaluate.evaluator import Evaluator, build_evaluator
from mindocr.engine.runtime import build, process
from mindocr.engine.train import messages, provenance, resume
from mindocr.engine.train.checkpoints import CheckpointKeeper, size_of
from mindocr.engine.train.loggers.builder import build_loggers
from mindocr.engine.train.meter import Meter
from mindocr.engine.train.next_commands import NextCommands, Started
from mindocr.engine.train.nonfinite_policy import LossGuard
from mindocr.engine.train.observers import Observers
from mindocr.engine.train.plan import RunPlan
from mindocr.engine.train.progress import Progress
from mindocr.engine.train.run_length import check_length
from mindocr.engine.train.run_log import RunLog
from mindocr.engine.train.run_state import RunState
from mindocr.engine.train.save_policy import SavePolicy
from mindocr.engine.train.saver import Saver
from mindocr.engine.train.step import LossScale, TrainStep, columns_of
from mindocr.engine.train.step_inputs import Feed
from mindocr.losses.pairing import PairedLoss
from mindocr.optim import EMA, build_optimizer
from mindocr.registry import LOSSES
from mindocr.scheduler import build_schedule
from mindocr.utils import files


@dataclass
class RunParts:
    """The objects that the training loop uses.

    Attributes:
        config, place: what is trained, and on which rank.
        loader: batches of this rank.
        step: one training step; it holds network, loss, optimizer and moving average.
        feed: passes batches to the step.
        at: progress of the run.
        meter: numbers of the current epoch.
        plan: when to evaluate, save and end.
        guard: handles steps that are not finite.
        evaluator: None where the run does not evaluate.
        saver: saves weights and state.
        observers: log, diagnoses and loggers.
        resumed_from: the file of the saved state that the parts were restored from; None = a new run.
        commands: that messages name.
    """

    config: Config
    place: process.Runtime
    loader: Loader
    step: TrainStep
    feed: Feed
    at: Progress
    meter: Meter
    plan: RunPlan
    guard: LossGuard
    evaluator: Evaluator | None
    saver: Saver
    observers: Observers
    resumed_from: Path | None
    commands: NextCommands

    def close(self) -> None:
        """Free the evaluation workers."""
        if self.evaluator is not None:
            self.evaluator.close()


def build_parts(
    config: Config,
    place: process.Runtime,
    folder: Path,
    loader: Loader,
    started: Started = Started(),  # noqa: B008
) -> RunParts:
    """Build all parts of the run that ``config`` describes.

    Args:
        folder: of the run.
        started: the command that started the run.

    Raises:
        UserError: a mistake in the configuration, too little space in ``folder``, or a state that cannot be resumed.
    """
    train = config.train
    check_length(config, len(loader))
    about = provenance.describe(config, place, loader.dataset)
    found = resume.find(train.resume, folder, place.world)
    if place.is_main:
        files.remove_parts(folder)
    network = build.network(config, training=True, pretrained=found is None, world=place.world)
    # Weights twice (latest and best), and the state twice with the optimizer's copies.
    process.prepare_output(folder, need_bytes=10 * size_of(network), key="train.ckpt_save_dir")
    loss = PairedLoss(LOSSES.build(config.loss), network.outputs, network.channels)
    schedule = build_schedule(config.scheduler, len(loader), train.gradient_accumulation_steps)
    step = build_step(config, network, loss, schedule, place.world)
    sink = train.dataset_sink_mode and place.device == "Ascend"
    feed = Feed(loader, step, columns_of(network, loss), config.scheduler.num_epochs, sink=sink)
    policy = SavePolicy(train.on_save_error)
    evaluator = build_evaluator(config, network, place) if config.system.val_while_train else None
    health = evaluator.health if evaluator is not None else HealthCheck()
    plan, commands = RunPlan(config, schedule, len(loader)), NextCommands(config, started, place.world)
    observers = build_observers(config, place, folder, feed, health, plan, policy, commands)
    # A dynamic scale overflows now and then while it is adapted: those updates must not reach the weights.
    drops = config.system.drop_overflow_update or config.loss_scaler.type == "dynamic"
    guard = LossGuard(loss.term_names, train.gradient_accumulation_steps, drops=drops, observers=observers)
    keeper = CheckpointKeeper(folder, train.ckpt_max_keep, train.ckpt_top_k, train.ckpt_format, about)
    at, meter = Progress(), Meter(loss.term_names)
    state = RunState(step, loader, at, meter, place, observers)
    if found is not None:
        state.restore(found)
        keeper.recall(found.state, found.path)
        messages.resumed(config, found, at, keeper, provenance.differences(found.about, about))
    saver = Saver(network, state, keeper, policy)
    source = None if found is None else found.path
    return RunParts(
        config, place, loader, step, feed, at, meter, plan, guard, evaluator, saver, observers, source, commands
    )


def build_step(config: Config, network: nn.Cell, loss: nn.Cell, schedule: np.ndarray, world: int) -> TrainStep:
    """The training step: optimizer, loss scale, clipping, accumulation, moving average.

    Args:
        schedule: learning rate of each update.
        world: ranks whose gradients are averaged.
    """
    train, scaler = config.train, config.loss_scaler
    ema = EMA(network, train.ema_decay) if train.ema else None
    optimizer = build_optimizer(network, config.optimizer, schedule)
    averaged = nn.DistributedGradReducer(optimizer.parameters, mean=True, degree=world) if world > 1 else None
    return TrainStep(
        network,
        loss,
        optimizer,
        LossScale(scaler.type, scaler.loss_scale, scaler.scale_factor, scaler.scale_window),
        clip_norm=train.clip_norm if train.clip_grad else None,
        accumulation_steps=train.gradient_accumulation_steps,
        ema=ema,
        reducer=averaged,
        prepare=build.input_layer(config),
    )


def build_observers(
    config: Config,
    place: process.Runtime,
    folder: Path,
    feed: Feed,
    health: HealthCheck,
    plan: RunPlan,
    policy: SavePolicy,
    commands: NextCommands,
) -> Observers:
    """The log, the diagnoses, and on rank 0 the loggers of ``train.loggers``, in the order of their calls.

    Args:
        folder: of the run.
        feed: holds the loader and the step of the run.
        health: explains a score near 0.
        plan: of the run, with the learning rate of each update.
        policy: what to do when the table of the run cannot be written.
        commands: that the log names.

    Raises:
        ConfigError: a logger cannot be imported or built.
    """
    loggers = build_loggers(config, folder, policy) if place.is_main else {}
    written = [each.writes for each in loggers.values() if each.writes]
    network, schedule = feed.step.network, plan.schedule
    return Observers({
        "run log": RunLog(config, place, feed.loader, plan, commands, written),
        "zero-score watch": ZeroWatch(config, network, health, folder if place.is_main else None, schedule),
        "capsule recorder": Recorder(config, place, folder, feed.loader, feed.step, feed.columns, schedule),
        **loggers,
    })  # fmt: skip
