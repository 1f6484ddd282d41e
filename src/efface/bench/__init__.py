"""Methods measured against each other: what ``efface bench`` runs, and how it is written down.

A table is a list of cells. A cell is one run of the steps (shard, unlearn, score) with one model,
one ticket and one setting; it is done once and kept, so a table that was interrupted goes on where
it was. The plan, a YAML file, says which models, tickets and methods there are.
"""
