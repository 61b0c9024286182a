"""Weights of other projects, read without executing code in their files, and renamed to this toolkit's names.

One module per source, each with a ``convert`` that takes name -> array and returns a :class:`~.rename.Conversion`.
"""
