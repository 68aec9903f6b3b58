"""The history: every run in one SQLite file, written as work ends, and read back as documents."""

USUAL_NAME = "history.db"
"""The name of the history where the user names no other file."""
