"""A visit to one host: who uses it, what is loaded, one model at a time, and leaving it as it was found."""
