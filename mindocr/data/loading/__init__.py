"""From data sets to batches: workers, shared memory, caches, samplers."""
