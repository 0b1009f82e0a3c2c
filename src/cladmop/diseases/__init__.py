"""Diseases: ICD-10-CM codes and their ancestors."""
