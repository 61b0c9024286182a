"""From data sets to batches: workers, shared memory, caches, order of the samples."""
