"""Weights of other projects, read without running what is in their files, renamed to this toolkit's names.

One module a source, each with a ``convert`` that takes name -> array and gives a :class:`~.rename.Conversion`.
"""
