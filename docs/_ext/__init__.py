"""Sphinx extensions of these pages: figures and lists that are made of the code when the pages are built."""
