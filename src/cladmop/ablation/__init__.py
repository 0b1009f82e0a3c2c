"""Ablations: what each part of the method, and each of our own choices, is worth on folds of the labelled trials."""
