"""The process: device, ranks, signals, logging, and the objects that a configuration describes."""
