"""The settings of ``DBPostprocess`` that score best on given maps: thousands tried, what they share worked out once."""
