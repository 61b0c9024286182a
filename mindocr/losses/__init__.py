"""Losses: from named outputs of the network and label columns to one number and its terms.

A loss is a cell with these class attributes (or properties, if they depend on its arguments):

- ``reads``: names of the network's outputs that it takes, in order;
- ``optional``: those of them that a network may lack; the loss then gets None;
- ``labels``: batch columns that it takes after the outputs, in order;
- ``term_names``: names of its terms.

``construct(*outputs, *labels)`` returns the total, a float32 scalar, and its weighted terms, (K,) float32.
"""

from mindocr.losses.builder import build_loss

__all__ = ["build_loss"]
