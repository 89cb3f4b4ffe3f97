"""The import path ``ads.catalog`` that users know."""
