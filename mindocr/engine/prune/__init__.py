"""``mindocr prune``: a trained detector becomes a smaller one, which is then trained again."""
