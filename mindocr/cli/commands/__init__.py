"""One module for each command: ``add_arguments(parser)``, and ``run(args)``, which returns the exit code or None = 0.

The work is done in other packages; a module here passes the arguments on. Heavy imports are inside ``run``.
"""
