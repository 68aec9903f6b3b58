"""The command line: one file per verb, each of which parses, calls and renders.

Whatever `--help` and `--version` reach is imported at the top; everything heavy is imported inside the functions that
need it.
"""
