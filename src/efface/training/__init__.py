"""The unlearning loop: settings, cached targets, batches, stopping, resume."""
