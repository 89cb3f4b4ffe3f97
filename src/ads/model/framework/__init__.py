"""One file per machine learning framework: only what differs from the generic model."""
