"""A package, so that `tests.tiny` means ours: some distributions install a `tests` too."""
