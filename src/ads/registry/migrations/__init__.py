"""Alembic's scripts: one file for each step of the catalog's schema."""
