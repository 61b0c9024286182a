"""Seeded generator of scene-text pictures with labels, for demonstrations, tests and first experiments.

A scene is a function of (seed, split, index) alone, whatever the number of workers or pictures. Nothing is downloaded:
the fonts are those inside matplotlib, the walls are computed; a user's own fonts and photographs can be added.
"""

from mindocr.synthetic.options import SceneOptions
from mindocr.synthetic.scene import Scene, Word, make_scene
from mindocr.synthetic.writer import SetPlan, write_set

__all__ = ["Scene", "SceneOptions", "SetPlan", "Word", "make_scene", "write_set"]
