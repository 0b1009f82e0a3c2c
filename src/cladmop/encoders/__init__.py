"""Frozen encoders of criteria, molecules and diseases, and the cache of their states."""
