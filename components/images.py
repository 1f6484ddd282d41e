"""The two images that components run in, by what they need; both hold the same wheel of efface."""

VERSION = "0.1.0"
"""Version of efface that the images hold; a test keeps it equal to the package's."""
CORE = f"efface-core:{VERSION}"
"""No torch: intake, gate, settle, idle."""
GPU = f"efface-gpu:{VERSION}"
"""Torch, MLflow and the feature extractors: every other step, with a GPU or without one."""
