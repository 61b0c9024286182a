"""Several networks that are trained together, such as a student and its teacher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mindspore import Parameter, Tensor, nn, ops

from mindocr.errors import ConfigError
from mindocr.models.network import Network


class Ensemble(nn.Cell):
    """Named networks on one input; in evaluation, the one network that is used.

    In training all networks run, and the outputs are named ``<network>.<output>``. A frozen network stays in evaluation
    mode: its weights and BatchNorm statistics do not change, it passes no gradient and returns its inference outputs.
    Parameters are named ``<network>.<parameter>`` here; checkpoints hold one network under its own names.

    Args:
        networks: at least one, by name.
        use: name of the network for evaluation, prediction and export.
        frozen: names of networks that are not trained.

    Raises:
        ConfigError: ``use`` or a frozen network is not among the networks, or ``use`` is frozen.
    """

    inputs: tuple[str, ...] = ("image",)
    channels: dict[str, int] = {}

    def __init__(self, networks: Mapping[str, Network], use: str, frozen: Sequence[str] = ()) -> None:
        super().__init__(auto_prefix=False)
        if unknown := [name for name in (use, *frozen) if name not in networks]:
            raise ConfigError(f"model: no network '{unknown[0]}'; model.networks has {', '.join(networks)}")
        if use in frozen:
            raise ConfigError(f"model.use: '{use}' is frozen, so it would not be trained; use another network")
        self.names = tuple(networks)
        self.use = use
        self.frozen = frozenset(frozen)
        for name, network in networks.items():
            if hasattr(self, name):
                raise ConfigError(
                    f"model.networks.{name}: MindSpore's cells have an attribute of this name; use another"
                )
            network.update_parameters_name(f"{name}.")
            setattr(self, name, network)  # so that names from the cell structure equal the parameters' names
            if name in self.frozen:
                for parameter in network.get_parameters():
                    parameter.requires_grad = False
        self.networks = nn.CellList(list(networks.values()), auto_prefix=False)
        given = [n.inference_outputs if name in self.frozen else n.outputs for name, n in networks.items()]
        self.outputs: tuple[str, ...] = tuple(
            f"{n}.{output}" for n, names in zip(self.names, given) for output in names
        )
        self.inference_outputs: tuple[str, ...] = networks[use].inference_outputs
        trained = [network for name, network in networks.items() if name not in self.frozen]
        columns = {network.inputs for network in trained if network.takes_labels}
        if len(columns) > 1:
            raise ConfigError(f"model.networks: the guides take different columns: {sorted(columns)}")
        self.inputs = next(iter(columns), self.inputs)
        self.channels = {f"{name}.{key}": size for name, n in networks.items() for key, size in n.channels.items()}
        self._guided = tuple(n.takes_labels and name not in self.frozen for name, n in networks.items())
        self._single = tuple(len(names) == 1 for names in given)
        self._stopped = tuple(name in self.frozen for name in self.names)
        self._used = self.names.index(use)
        self.set_train(self.training)

    @property
    def stride(self) -> int:
        """Coarsest stride of any network, in pixels."""
        return max(network.stride for network in self.networks)

    def inference_network(self) -> Network:
        """The network that evaluation, prediction and export use."""
        return self.networks[self._used]

    def weights(self) -> dict[str, Any]:
        """Parameters of the used network, under their names in a checkpoint of this network alone."""
        return _without_prefix(self.inference_network(), self.use)

    def frozen_parameters(self) -> list[Parameter]:
        """Parameters of the frozen networks."""
        frozen = [network for name, network in zip(self.names, self.networks) if name in self.frozen]
        return [parameter for network in frozen for parameter in network.get_parameters()]

    def add_flags_recursive(self, **flags: Any) -> Ensemble:
        """As in any cell, but frozen networks stay in evaluation mode.

        ``set_train`` of a cell around this one calls this method.
        """
        super().add_flags_recursive(**flags)
        if "training" in flags:
            for name, network in zip(self.names, self.networks):
                if name in self.frozen:
                    network.add_flags_recursive(training=False)
        return self

    def construct(self, x: Tensor, *labels: Tensor) -> Any:
        """In training all outputs in the order of their names, else those of the used network."""
        if not self.training:
            return self.networks[self._used](x)
        outputs: tuple[Tensor, ...] = ()
        for network, single, stopped, guided in zip(self.networks, self._single, self._stopped, self._guided):
            given = network(x, *labels) if guided else network(x)
            if single:
                given = (given,)
            for output in given:
                if stopped:
                    output = ops.stop_gradient(output)
                outputs = outputs + (output,)
        return outputs


def _without_prefix(network: nn.Cell, name: str) -> dict[str, Any]:
    return {parameter.name.removeprefix(f"{name}."): parameter for parameter in network.get_parameters()}
