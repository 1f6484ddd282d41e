"""Deletion tickets: what one is, where they wait, who has claimed them."""
