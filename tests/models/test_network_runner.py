"""The shared forward pass: any sizes, any batch, the same result."""

import mindspore as ms
import numpy as np
from mindspore import nn

from mindocr.models.deformable import DeformableConv
from mindocr.models.network_runner import NetworkRunner


class Tiny(nn.Cell):
    """(N, 3, H, W) -> (N, 1, H, W); in training mode something else."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3)

        self.outputs = ("brightness",)
        self.inference_outputs = ("brightness",)

    def inference_network(self):
        return self

    def construct(self, x):
        y = self.conv(x).sigmoid()
        return y + 1.0 if self.training else y


def images(*sizes):
    rng = np.random.default_rng(0)
    return [rng.random((3, *size), np.float32) for size in sizes]


def test_results_do_not_depend_on_the_rest_of_the_batch():
    network = Tiny()
    inference = NetworkRunner(network)
    mixed = images((32, 32), (64, 32), (32, 32), (32, 96), (64, 64))
    together = inference(mixed)["brightness"]
    assert [m.shape for m in together] == [(1, *image.shape[1:]) for image in mixed]
    for image, found in zip(mixed, together):
        np.testing.assert_allclose(network.set_train(False)(ms.Tensor(image[None])).asnumpy()[0], found, atol=1e-6)


def test_deformable_convolutions_run_on_any_number_of_sizes():
    """MindSpore has no graph of them for all sizes, so each size is compiled."""
    network = Tiny()
    network.conv = DeformableConv(3, 1)
    found = NetworkRunner(network)(images((16, 16), (24, 16), (16, 24), (32, 16)))["brightness"]
    assert [each.shape for each in found] == [(1, 16, 16), (1, 24, 16), (1, 16, 24), (1, 32, 16)]


def test_a_stacked_batch_is_taken_too():
    inference = NetworkRunner(Tiny())
    batch = np.stack(images((32, 32), (32, 32)))
    np.testing.assert_array_equal(inference(batch)["brightness"], inference(list(batch))["brightness"])


def test_training_graph_and_inference_do_not_disturb_each_other():
    network = Tiny().set_train(True)
    (image,) = images((32, 32))
    trained = network(ms.Tensor(image[None])).asnumpy()
    inferred = NetworkRunner(network)([image])["brightness"][0]
    np.testing.assert_allclose(trained[0] - 1.0, inferred, atol=1e-6)
    np.testing.assert_array_equal(network.set_train(True)(ms.Tensor(image[None])).asnumpy(), trained)
