"""Faults, one after the other, against a real service, and what its callers noticed: ``make faults``."""
