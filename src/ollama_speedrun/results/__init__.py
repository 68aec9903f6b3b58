"""The document of a run: its types, its JSON form, upgrades of older files, and reading and writing them."""
