"""A learning rate that follows an array, one value for each optimizer step."""

import numpy as np
from mindspore import Tensor, nn, ops


class ArrayLR(nn.learning_rate_schedule.LearningRateSchedule):
    """Value of step i is ``values[i]``; after the end the last value is used.

    MindSpore's own handling of arrays reads past the end (0 on CPU) and stores the array among the optimizer's
    parameters, where it would tie a checkpoint to the number of epochs.

    Args:
        values: (num_steps,) floats, at least one.
    """

    def __init__(self, values: np.ndarray) -> None:
        super().__init__()
        self.values = Tensor(np.asarray(values, np.float32))
        self.last = len(values) - 1

    def construct(self, global_step: Tensor) -> Tensor:
        return ops.gather(self.values, ops.clamp(global_step, 0, self.last), 0)
