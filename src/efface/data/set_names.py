"""Names of the sets of a run; ``efface.data.sets`` says what is in each."""

SETS = ("forget", "forget-holdout", "retain", "neighbours", "control", "holdout")
