"""Seeded generator of scene-text images with labels, for demonstrations, tests and first experiments.

A scene depends only on (seed, split, index), not on the number of workers or images. Nothing is downloaded: fonts come
with matplotlib, backgrounds are computed; the user's own fonts and photographs can be added.
"""

from mindocr.synthetic.options import SceneOptions
from mindocr.synthetic.scene import Scene, Word, make_scene
from mindocr.synthetic.writer import SetPlan, write_set

__all__ = ["Scene", "SceneOptions", "SetPlan", "Word", "make_scene", "write_set"]
