"""The gate: a pure function of (report, policy) to a verdict with reasons."""
