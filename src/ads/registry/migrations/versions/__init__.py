"""The steps of the catalog's schema."""
