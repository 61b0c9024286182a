"""Finds the settings of ``DBPostprocess`` with the highest f-score on given maps among thousands of combinations."""
