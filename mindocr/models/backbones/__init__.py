"""Backbones: from an image to one feature map per stride, finest first."""
