"""Datasets on disk: manifest, shards, import, near-duplicates, the sets of a run."""
