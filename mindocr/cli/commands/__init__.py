"""One module for each command: ``add_arguments(parser)``, and ``run(args)``, which returns the exit code or None = 0.

What a command does stands in other packages; a module here passes its arguments on. Heavy imports stand inside ``run``.
"""
