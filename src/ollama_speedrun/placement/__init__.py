"""Which model to keep loaded on which host, and what a model that is not there would do."""
