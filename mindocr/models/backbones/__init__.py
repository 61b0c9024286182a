"""Backbones: image in, one feature map a stride out, finest first."""
