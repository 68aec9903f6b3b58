"""One module for each kind of key: what of an answer counts and whether it is right."""
