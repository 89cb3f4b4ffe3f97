"""Public import paths for what describes the data of a model."""
