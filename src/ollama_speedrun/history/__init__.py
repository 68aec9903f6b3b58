"""The history: every run in one SQLite file, written as work ends, and read back as documents."""
