"""The phases as one run: workers that do the I/O, and a record that is a fold over their events."""
