"""Scoring before and after: one shard at a time, then merged into a report."""
