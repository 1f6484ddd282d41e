"""Image-to-image model families behind one protocol, and the checkpoint on disk."""
