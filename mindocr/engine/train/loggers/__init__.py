"""Loggers of ``train.loggers``: one module each. They record a run and do not change it; see docs/add_a_logger.md."""
