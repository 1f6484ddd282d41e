"""The graphs, where their tasks run, and how they run on one machine."""
