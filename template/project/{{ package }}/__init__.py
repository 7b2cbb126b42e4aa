"""A training project: `train`, `evaluate` and `predict` are its commands."""
