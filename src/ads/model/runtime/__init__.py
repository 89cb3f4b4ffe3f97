"""``runtime.yaml`` as objects: the environment that a model runs in, and where it was trained."""
