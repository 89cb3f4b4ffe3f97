"""The engine without HTTP: what a deployment wants, what there is, and the loop that makes the two agree."""
