"""Metrics in three small steps: features, statistics, score."""
