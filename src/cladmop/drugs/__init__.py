"""Drugs: names to structures, with where each answer came from."""
