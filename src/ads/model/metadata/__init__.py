"""Model metadata, one noun per file; :mod:`ads.model.model_metadata` is the public address of all of it."""
