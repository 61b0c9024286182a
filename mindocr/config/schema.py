"""The fixed sections of a configuration: every key with its meaning, unit and range; unknown keys are refused.

Open parts (``model.neck``, ``loss``, ``train.dataset``, ...) stay plain mappings: the constructor that they name is
their schema, see ``parts.py``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Part = dict[str, Any]

# Rule -> the values of keys that the file does not set, where they differ from the defaults below.
OPTIMIZERS: dict[str, dict[str, float]] = {
    "SGD": {}, "momentum": {}, "nesterov": {}, "Adam": {}, "AdamW": {}, "NAdam": {}, "RMSProp": {"eps": 1e-10},
    "Adagrad": {}, "Lamb": {"eps": 1e-6}, "Lion": {"beta2": 0.99}, "Adan": {"beta1": 0.98, "beta2": 0.92},
}  # fmt: skip


def _canonical_optimizer(name: Any) -> Any:
    return {known.lower(): known for known in OPTIMIZERS}.get(name.lower(), name) if isinstance(name, str) else name


class Section(BaseModel):
    """Base of all sections: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())


class System(Section):
    """How and where a run executes."""

    mode: Literal[0, 1] = Field(default=0, description="0 = graph mode, 1 = PyNative mode")
    distribute: bool = Field(default=False, description="train on several ranks, started by msrun or mpirun")
    device_target: Literal["auto", "CPU", "Ascend"] = Field(default="auto", description="auto = Ascend, if present")
    device_id: int | None = Field(default=None, ge=0, description="index of the Ascend device, from 0; for one rank")
    sync_batch_norm: bool = Field(default=False, description="BatchNorm statistics over all ranks, not per rank")
    jit_level: Literal["O0", "O1", "O2"] = Field(default="O2", description="compilation level in graph mode on Ascend")
    amp_level: Literal["O0", "O1", "O2", "O3"] = Field(default="O0", description="mixed precision in training")
    amp_level_infer: Literal["O0", "O1", "O2", "O3"] = Field(
        default="O0", description="mixed precision in evaluation and prediction"
    )
    seed: int = Field(default=42, ge=0, lt=2**32, description="seed of initial weights, order, augmentation; from 0")
    deterministic: bool = Field(default=False, description="use slower operators with bitwise reproducible results")
    log_interval: int = Field(
        default=10, ge=1, description="steps between two log lines, from 1; the last step of an epoch has one, too"
    )
    val_while_train: bool = Field(
        default=True, description="evaluate during training; needs the sections eval, postprocess and metric"
    )
    val_start_epoch: int = Field(
        default=1, ge=1, description="first epoch after which to evaluate, from 1; the last epoch is always evaluated"
    )
    val_interval: int = Field(default=1, ge=1, description="epochs between two evaluations, from 1")
    val_before_train: bool = Field(
        default=False, description="also evaluate before the first epoch, as epoch 0; its weights may be the best"
    )
    drop_overflow_update: bool = Field(default=False, description="skip an update that overflowed instead of stopping")


class NetworkSection(Section):
    """One of several networks that are trained together."""

    backbone: Part = Field(description="open part, chosen by name")
    neck: Part | None = Field(default=None, description="open part, chosen by name; may be absent")
    head: Part = Field(description="open part, chosen by name")
    pretrained: str | bool | None = Field(
        default=None, description="weights to start from: path, URL, or released name such as ppocr-v3"
    )
    frozen: bool = Field(default=False, description="not trained: no gradients, BatchNorm statistics stay")
    outputs: list[str] | None = Field(
        default=None,
        description="outputs in training: those of the head, backbone_out, neck_out; empty = those of the head (of a "
        "frozen network: in evaluation)",
    )


class Quantization(Section):
    """Quantisation-aware training to int8 (PACT): convolutions compute with rounded weights and inputs."""

    clip_init: float = Field(
        default=20.0,
        gt=0,
        description="where inputs of convolutions are cut at first, unless the first batch has larger ones; learned",
    )
    rate: float = Field(
        default=0.9, ge=0, lt=1, description="factor of the moving average of the largest input, in [0, 1)"
    )


class Model(Section):
    """The network: backbone, neck and head; or several networks by name."""

    type: str = Field(default="det", min_length=1, description="task, such as det = text detection; a label only")
    transform: None = Field(default=None, description="always empty: there is no rectification network")
    backbone: Part | None = Field(default=None, description="open part, chosen by name; required without networks")
    neck: Part | None = Field(default=None, description="open part, chosen by name; may be absent")
    head: Part | None = Field(default=None, description="open part, chosen by name; required without networks")
    pretrained: str | bool | None = Field(
        default=None, description="weights to start from: path, URL, or released name such as ppocr-v3"
    )
    quantization: Quantization | None = Field(
        default=None, description="train for int8; model.pretrained must name trained weights"
    )
    networks: dict[str, NetworkSection] | None = Field(
        default=None, description="several networks by name, in place of backbone, neck, head and pretrained"
    )
    use: str | None = Field(
        default=None, description="with networks: the one that evaluation, prediction and export use"
    )


class Scheduler(Section):
    """The learning rate over time; durations in epochs."""

    scheduler: Literal[
        "constant", "polynomial_decay", "cosine_decay", "warmup_cosine_decay", "step_decay", "multi_step_decay",
        "exponential_decay",
    ] = Field(default="constant", description="curve after the warm-up")  # fmt: skip
    lr: float = Field(ge=0, description="learning rate at the end of the warm-up, from 0")
    min_lr: float = Field(default=0.0, ge=0, description="lowest learning rate of the curve, in [0, lr]")
    num_epochs: int = Field(ge=1, description="length of the training in epochs, from 1")
    warmup_epochs: float = Field(
        default=0.0,
        ge=0,
        description="epochs in which the rate rises to lr; num_epochs or more: a third of them",
    )
    warmup_factor: float = Field(
        default=0.0, ge=0, le=1, description="rate at the start of the warm-up / lr, in [0, 1]"
    )
    decay_epochs: float | None = Field(
        default=None,
        gt=0,
        description="length of the curve (empty, or above num_epochs = all after the warm-up); step_decay: one step",
    )
    decay_rate: float | list[float] | None = Field(
        default=0.9, description="polynomial_decay: exponent; others: factor of one step; above 0"
    )
    milestones: list[float] = Field(
        default=[], description="multi_step_decay: epochs of the steps, counted from the end of the warm-up, increasing"
    )
    num_cycles: int = Field(default=1, ge=1, description="cosine_decay: how often the curve starts again, from 1")
    cycle_decay: float = Field(
        default=1.0, gt=0, le=1, description="cosine_decay: factor of lr from one cycle to the next, above 0, up to 1"
    )
    lr_epoch_stair: bool = Field(default=False, description="change the rate between epochs only")


class OptimizerPart(Section):
    """Other rates for some of the parameters."""

    names: list[str] = Field(min_length=1, description="the parameters whose names contain one of these words")
    lr_factor: float = Field(default=1.0, gt=0, description="their learning rate / that of the others, above 0")
    weight_decay: float | None = Field(
        default=None, ge=0, description="their weight decay, from 0; empty = that of the others"
    )


class Optimizer(Section):
    """The rule that computes updates from gradients."""

    opt: Annotated[
        Literal[
            "SGD", "momentum", "nesterov", "Adam", "AdamW", "NAdam", "RMSProp", "Adagrad", "Lamb", "Lion", "Adan",
        ],
        BeforeValidator(_canonical_optimizer),
    ] = Field(default="Adam", description="rule, in any case; SGD and momentum are the same rule")  # fmt: skip
    momentum: float = Field(
        default=0.9, ge=0, lt=1, description="momentum of SGD, momentum, nesterov and RMSProp, in [0, 1)"
    )
    nesterov: bool = Field(default=False, description="use Nesterov momentum (SGD, momentum, Adam)")
    beta1: float = Field(
        default=0.9, ge=0, lt=1, description="decay of the first moment (Adam..., Lamb, Lion; Adan: 0.98), in [0, 1)"
    )
    beta2: float = Field(
        default=0.999, ge=0, lt=1,
        description="decay of the second moment (Adam..., Lamb; Lion: 0.99, of the moment; Adan: 0.92, of the change)",
    )  # fmt: skip
    beta3: float = Field(default=0.99, ge=0, lt=1, description="Adan: decay of the second moment, in [0, 1)")
    eps: float = Field(
        default=1e-8, gt=0, description="added to the denominator (Adam..., Adan; Lamb: 1e-6, RMSProp: 1e-10), above 0"
    )
    schedule_decay: float = Field(default=0.004, ge=0, description="NAdam: how fast the momentum rises, from 0")
    decay: float = Field(default=0.9, ge=0, lt=1, description="RMSProp: decay of the mean square, in [0, 1)")
    centered: bool = Field(default=False, description="RMSProp: divide by the standard deviation, not the mean square")
    accum: float = Field(default=0.1, ge=0, description="Adagrad: sum of squares at the start, from 0")
    weight_decay: float = Field(default=0.0, ge=0, description="strength of the weight decay, from 0")
    filter_bias_and_bn: bool = Field(default=True, description="no weight decay for biases and normalisation")
    no_weight_decay_params: list[str] = Field(
        default=[], description="no weight decay for parameters whose names contain one of these words"
    )
    parts: list[OptimizerPart] = Field(
        default=[],
        description="other rates for parts of the network: [{names: [head.fc.], lr_factor: 0.1, weight_decay: 1e-5}]; "
        "where several match, the factors multiply and the last weight decay counts",
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_rule(cls, values: Any) -> Any:
        opt = _canonical_optimizer(values.get("opt")) if isinstance(values, dict) else None
        return {**OPTIMIZERS[opt], **values} if isinstance(opt, str) and opt in OPTIMIZERS else values


class LossScaler(Section):
    """Scaling of the loss, so that float16 gradients do not vanish."""

    type: Literal["static", "dynamic"] = Field(default="static", description="dynamic = lowered after an overflow")
    loss_scale: float = Field(default=1.0, gt=0, description="scale; for dynamic the initial one; above 0")
    scale_factor: float = Field(default=2.0, gt=1, description="dynamic: factor of one adjustment, above 1")
    scale_window: int = Field(default=1000, ge=1, description="dynamic: steps before the scale rises, from 1")


class _Loader(Section):
    num_workers: Annotated[int, Field(ge=0)] | Literal["auto"] = Field(
        default=2, description="workers that prepare batches; 0 = none; auto = depends on the number of CPUs"
    )
    prefetch: int = Field(
        default=2, ge=1, description="batches that each worker prepares ahead, from 1; fewer if memory is short"
    )


class TrainLoader(_Loader):
    """How training samples are combined into batches."""

    shuffle: bool = Field(default=True, description="new order of the samples in every epoch")
    batch_size: int = Field(ge=1, description="images in a batch of one rank, from 1")
    drop_remainder: bool = Field(default=True, description="leave out the last batch of an epoch when it is not full")
    sampler: Part | None = Field(
        default=None, description="open part, chosen by name: it forms the batches; empty = DistributedSampler"
    )


class EvalLoader(_Loader):
    """How samples of evaluation and prediction are combined into batches: every image, in order."""

    batch_size: int = Field(default=1, ge=1, description="images in a batch, from 1; scores do not depend on it")


class NormLayers(Section):
    """BatchNorms that use the statistics of the weights from which training starts."""

    frozen: list[str] = Field(
        default=[],
        description="BatchNorms whose names contain one of these words keep their statistics and normalise by them in "
        "training; [all] = every one",
    )
    affine: bool = Field(default=True, description="train factor and offset (gamma, beta) of frozen BatchNorms")


class Train(Section):
    """The training run."""

    ckpt_save_dir: str = Field(default="./tmp_det", min_length=1, description="folder for all files of the run")
    ckpt_top_k: int = Field(default=1, ge=1, description="how many of the best checkpoints to keep, from 1")
    ckpt_max_keep: int = Field(default=1, ge=1, description="how many of the latest checkpoints to keep, from 1")
    resume: str | None = Field(
        default=None,
        description="path of the run state to resume from; auto = the one in ckpt_save_dir, if there is one",
    )
    save_interval_steps: int | None = Field(
        default=None, ge=1, description="batches between two saved run states within an epoch, from 1; empty = none"
    )
    ckpt_format: Literal["ckpt", "safetensors"] = Field(default="ckpt", description="format of all saved weights")
    on_save_error: Literal["continue", "stop"] = Field(
        default="continue", description="when the disk is full: continue with a warning, or stop with exit code 3"
    )
    max_steps: int | None = Field(default=None, ge=1, description="stop after this many updates, from 1")
    dataset_sink_mode: bool = Field(default=False, description="pass batches through the device's queue (Ascend)")
    normalize_on_device: bool = Field(
        default=True, description="run NormalizeImage and ToCHWImage on the device if a pipeline ends with them"
    )
    gradient_accumulation_steps: int = Field(default=1, ge=1, description="batches per update, from 1")
    clip_grad: bool = Field(default=False, description="clip gradients by their global norm")
    clip_norm: float = Field(default=1.0, gt=0, description="largest global norm with clip_grad, above 0")
    ema: bool = Field(default=False, description="evaluate and save a moving average of the weights")
    ema_decay: float = Field(default=0.9999, ge=0, lt=1, description="share of the old average kept, in [0, 1)")
    norm_layers: NormLayers = Field(default_factory=NormLayers)
    patience: int | None = Field(
        default=None, ge=1, description="end after this many evaluations without a better score, from 1; empty = never"
    )
    max_minutes: float | None = Field(
        default=None, gt=0, description="end with the first epoch after this many minutes of this process; empty = none"
    )
    loggers: list[Any] = Field(
        default=["csv", "curves"], description="loggers of the run: names, or mappings {name: ..., arguments}"
    )
    dataset: Part = Field(description="open part, chosen by type")
    loader: TrainLoader


class Eval(Section):
    """Evaluation, during training and after it."""

    ckpt_load_path: str | None = Field(default=None, description="checkpoint that is evaluated")
    dataset: Part = Field(description="open part, chosen by type")
    also: dict[str, Part] = Field(
        default={},
        description="further data sets that are scored beside the first, by name: keys that replace those of dataset, "
        "such as {old: {data_dir: ..., label_file: ...}}",
    )
    loader: EvalLoader = Field(default_factory=EvalLoader)


class Predict(Section):
    """Prediction on images without labels."""

    ckpt_load_path: str | None = Field(default=None, description="checkpoint to predict with")
    output_save_dir: str = Field(
        default="./inference_results", min_length=1, description="folder for pictures and results"
    )
    dataset: Part = Field(description="open part, chosen by type")
    loader: EvalLoader = Field(default_factory=EvalLoader)


class Config(Section):
    """A complete configuration."""

    system: System = Field(default_factory=System)
    model: Model
    loss: Part = Field(description="open part, chosen by name")
    postprocess: Part | None = Field(default=None, description="open part, chosen by name; needed for evaluation")
    metric: Part | None = Field(default=None, description="open part, chosen by name; needed for evaluation")
    scheduler: Scheduler
    optimizer: Optimizer
    loss_scaler: LossScaler = Field(default_factory=LossScaler)
    train: Train
    eval: Eval | None = None
    predict: Predict | None = None


class PredictionConfig(Section):
    """What a named model needs for prediction: the sections of :class:`Config` that do not depend on training."""

    system: System = Field(default_factory=System)
    postprocess: Part = Field(description="open part, chosen by name")
    predict: Predict
