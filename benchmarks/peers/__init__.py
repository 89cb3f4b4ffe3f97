"""Other ways to serve the same estimators, and what it takes to measure them beside ours."""
