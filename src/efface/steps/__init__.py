"""The steps: paths in, paths out; the only place where files meet logic."""
