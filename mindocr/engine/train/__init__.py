"""Training: the loop, the step, checkpoints, resume, and the record of a run."""
