"""HUST-TR400 (extra training images for MSRA-TD500): ``1.jpg`` is annotated in ``1.gt``, in TD500's format."""

from mindocr.formats.datasets.td500 import read

__all__ = ["read"]
