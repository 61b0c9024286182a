"""The command line: the command ``mindocr``, its subcommands, exit codes. Importing this package is fast."""
