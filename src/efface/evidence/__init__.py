"""Evidence of a run: the page with pictures, and what was purged."""
