"""The test on a real cluster, and what it is made of; docs/cluster.md says how to run it."""
