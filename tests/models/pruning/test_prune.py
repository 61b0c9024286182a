"""A pruned network computes what the whole one does with these channels at zero."""

import mindspore as ms
import numpy as np
import pytest

from mindocr.errors import CheckpointError, ConfigError
from mindocr.models import build_model, load_weights
from mindocr.models.pruning.cost import multiply_adds
from mindocr.models.pruning.layout import find_layers, with_widths
from mindocr.models.pruning.prune import check_trained, kept_masks, removed, silenced

MOBILE = {"name": "det_mobilenet_v3_enhance", "architecture": "small", "alpha": 0.35, "pretrained": False}
PLAIN = {
    "type": "det", "transform": None, "backbone": {**MOBILE, "disable_se": True},
    "neck": {"name": "DBFPN", "out_channels": 16, "bias": True}, "head": {"name": "DBHead"},
}  # fmt: skip
EXCITED = {**PLAIN, "backbone": MOBILE, "neck": {"name": "RSEFPN", "out_channels": 32},
           "head": {"name": "DBHead", "fused": True}}  # fmt: skip


def trained(section):
    """A network with BatchNorms that have seen images, and its arrays."""
    network = build_model(section, pretrained=False).set_train(False)
    rng = np.random.default_rng(5)
    for parameter in network.get_parameters():
        if parameter.ndim == 1:
            parameter.set_data(ms.Tensor(rng.uniform(0.2, 0.9, parameter.shape).astype(np.float32)))
    return network, {parameter.name: parameter.asnumpy().copy() for parameter in network.get_parameters()}


def shapes(arrays):
    return {name: value.shape for name, value in arrays.items()}


def given(network, arrays):
    load_weights(network, {name: ms.Tensor(value) for name, value in arrays.items()})
    return network.set_train(False)


@pytest.mark.slow
@pytest.mark.parametrize("section", [PLAIN, EXCITED], ids=["plain", "excited"])
def test_the_pruned_network_computes_the_same_as_zeros(section, image):
    network, arrays = trained(section)
    layers = find_layers(section, shapes(arrays))
    assert len(layers) == 11 + 1 + 4 + 1
    # A different share in each layer, so that no two are mistaken for each other
    masks = kept_masks(arrays, layers, {layer.name: 0.2 + 0.03 * i for i, layer in enumerate(layers)})
    small = removed(arrays, masks)
    pruned = given(build_model(with_widths(section, shapes(small)), pretrained=False), small)
    x = image(1, 64, 96)
    found, before = pruned(x).asnumpy(), network(x).asnumpy()
    # The channels are zero where they are computed: no factor, no offset, no bias
    zeroed = {name: value.copy() for name, value in arrays.items()}
    for layer in layers:
        for source in layer.sources:
            for place in source.places:
                is_scale = place.key.endswith((".gamma", ".beta", ".bias")) and ".se_block." not in place.key
                is_plain = place.key == source.weight and place.key.startswith(("neck.", "head."))
                if (is_scale or is_plain) and not place.reads:
                    zeroed[place.key][~masks[place.key, 0]] = 0
    np.testing.assert_allclose(found, given(network, zeroed)(x).asnumpy(), atol=1e-5)
    # The channels are ignored where they are read, as the sensitivity analysis does it
    np.testing.assert_allclose(
        found, given(network, {**arrays, **silenced(arrays, layers, masks)})(x).asnumpy(), atol=1e-5
    )
    assert np.abs(found - before).max() > 1e-3


def test_the_section_says_how_many_channels_stay():
    _, arrays = trained(PLAIN)
    layers = find_layers(PLAIN, shapes(arrays))
    assert with_widths(PLAIN, shapes(arrays))["backbone"]["expanded"] == [layer.channels for layer in layers[:11]]
    masks = kept_masks(arrays, layers, {layers[2].name: 0.5, "head.0": 0.5, "neck.out.3": 0.25})
    small = with_widths(PLAIN, shapes(removed(arrays, masks)))
    assert layers[2].channels == 32 and small["backbone"]["expanded"][2] == 16
    assert small["backbone"]["expanded"][1] == layers[1].channels
    assert small["neck"]["level_channels"] == [4, 4, 4, 3] and small["head"]["inner_channels"] == [2, 4]
    assert removed(arrays, masks)["head.segm.0.weight"].shape == (2, 15, 3, 3)
    # The joined map has the coarsest level first
    assert masks["head.segm.0.weight", 1][4:].all() and masks["head.segm.0.weight", 1][:4].sum() == 3
    np.testing.assert_array_equal(masks["neck.out.3.weight", 0], masks["head.thresh.0.weight", 1][:4])


def test_layers_that_are_sums_stay():
    section = {**PLAIN, "neck": {"name": "DBFPN", "out_channels": 16, "use_asf": True}}
    _, arrays = trained(section)
    names = [layer.name for layer in find_layers(section, shapes(arrays))]
    assert len(names) == 11 + 1 + 1 and not any(name.startswith("neck.") for name in names)
    layers = find_layers(PLAIN, shapes(trained(PLAIN)[1]))
    touched = {place.key for layer in layers for source in layer.sources for place in source.places if not place.reads}
    assert not any("linear_conv" in key or "unify_channels" in key or "segm.3" in key for key in touched)


def test_operations_by_hand():
    _, arrays = trained(PLAIN)
    assert arrays["backbone.conv.conv.weight"].shape == (8, 3, 3, 3)
    # Shapes of three arrays: the stem on 320 x 320, an excitation on one mean, the head's first layer on 160 x 160
    few = {
        name: arrays[name].shape
        for name in ("backbone.conv.conv.weight", "backbone.stages.0.0.linear_conv.conv.weight", "head.segm.0.weight",
                     "head.thresh.0.weight")
    }  # fmt: skip
    assert few["backbone.stages.0.0.linear_conv.conv.weight"] == (8, 8, 1, 1)
    expected = 8 * 27 * 320 * 320 + 64 * 160 * 160 + 4 * 16 * 9 * 160 * 160
    assert multiply_adds(PLAIN, few) == expected
    assert multiply_adds(PLAIN, few, 1280, 640) == 2 * expected
    assert multiply_adds(PLAIN, {**few, "neck.other.weight": (1, 1, 3, 3)}) is None
    excite = {"backbone.stages.0.0.mid_se.conv1.weight": (2, 8, 1, 1)}
    assert multiply_adds(PLAIN, {**few, **excite}) == expected + 16


def test_refused():
    with pytest.raises(ConfigError, match="'det_resnet18' cannot be pruned; .*det_mobilenet_v3_enhance"):
        find_layers({**PLAIN, "backbone": {"name": "det_resnet18"}}, {})
    arrays = {p.name: p.asnumpy() for p in build_model(PLAIN, pretrained=False).get_parameters()}
    with pytest.raises(CheckpointError, match=r"new\.ckpt: .* those of a new network.*nothing to prune"):
        check_trained(arrays, "new.ckpt")
    check_trained(trained(PLAIN)[1], "trained.ckpt")


@pytest.mark.parametrize(
    ("part", "arguments", "message"),
    [
        ("backbone", {"expanded": [8] * 10}, "expanded .*expected 11 numbers from 1"),
        ("backbone", {"expanded": [8] * 10 + [0]}, "expanded .*expected 11 numbers from 1"),
        ("backbone", {"last_channels": 0}, "last_channels 0: expected a number from 1"),
        ("neck", {"level_channels": [4, 4, 4]}, "DBFPN level_channels .*expected 4 numbers"),
        ("neck", {"level_channels": [4] * 4, "use_asf": True}, "DBFPN level_channels: Adaptive Scale Fusion"),
        ("head", {"inner_channels": [4]}, "inner_channels .*expected two numbers"),
    ],
)
def test_numbers_of_channels_that_do_not_fit(part, arguments, message):
    with pytest.raises(ConfigError, match=message):
        build_model({**PLAIN, part: {**PLAIN[part], **arguments}}, pretrained=False)
