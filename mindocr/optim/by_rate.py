"""Optimizers for the parts of a network that learn at different rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mindspore import Parameter, ParameterTuple, Tensor, nn


class ByRate(nn.Cell):
    """Several optimizers as one; each updates the parameters of one learning rate.

    MindSpore's own groups with different learning rates take about ten times as long to compile (42 s in place of 5 s
    for 400 parameters). Here each optimizer has a single rate.

    Args:
        parameters: all parameters, in the order of the gradients.
        optimizers: each takes a share of them, in that order too. Together they have all parameters, each once.

    Attributes:
        parameters: as given. Numbers that each optimizer keeps, such as its step count, are named ``<name>.<number>``
            from the second optimizer on.
    """

    def __init__(self, parameters: Sequence[Parameter], optimizers: Sequence[nn.Optimizer]) -> None:
        super().__init__(auto_prefix=False)
        self.parameters = ParameterTuple(parameters)
        self.optimizers = nn.CellList(list(optimizers), auto_prefix=False)
        place = {id(parameter): i for i, parameter in enumerate(parameters)}
        self.positions = tuple(tuple(place[id(p)] for p in optimizer.parameters) for optimizer in optimizers)
        # an invariant of the caller
        assert sorted(i for positions in self.positions for i in positions) == list(range(len(parameters)))
        for number, optimizer in enumerate(optimizers):
            weights = tuple(p.name for p in optimizer.parameters)
            for state in optimizer.get_parameters() if number else ():
                if not state.name.endswith(weights):
                    state.name = f"{state.name}.{number}"

    def construct(self, gradients: tuple[Tensor, ...]) -> Any:
        """Update all parameters."""
        done: tuple[Any, ...] = ()
        for optimizer, positions in zip(self.optimizers, self.positions):
            chosen: tuple[Tensor, ...] = ()
            for position in positions:
                chosen = chosen + (gradients[position],)
            done = done + (optimizer(chosen),)
        return done
