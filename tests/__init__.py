"""A package, so that `tests.tiny` means ours: some distributions install a top-level `tests` too."""
