"""ICD-10-CM codes and their ancestors, in a vocabulary that never changes with an installed package.

The vocabulary (chapters, blocks, categories and four-character subcategories) is a file of this package, so that
ids stored in a checkpoint keep their meaning. What a code says beyond its fourth character is laterality, encounter
and the like, and is left out.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LEVELS = 4
"""Levels of a code: chapter (``2``), block (``C30-C39``), category (``C34``), subcategory (``C34.9``)."""


CHAPTERS = {
    "1": "infections", "2": "neoplasms", "3": "blood and immunity", "4": "endocrine and metabolic", "5": "mental",
    "6": "nervous system", "7": "eye", "8": "ear", "9": "circulatory", "10": "respiratory", "11": "digestive",
    "12": "skin", "13": "musculoskeletal", "14": "genitourinary", "15": "pregnancy", "16": "perinatal",
    "17": "congenital", "18": "symptoms and findings", "19": "injury and poisoning", "20": "external causes",
    "21": "health status", "22": "special purposes",
}  # fmt: skip
"""Short titles of the chapters of ICD-10-CM: the therapeutic areas of our tables."""


@dataclass(frozen=True)
class Vocabulary:
    """Every ancestor there is, with its id."""

    terms: tuple[str, ...]
    """All terms in tabular order; the first is the empty string, whose id 0 means none."""
    ids: dict[str, int]
    """Id of each term: its index in ``terms``."""
    lineages: dict[str, tuple[str, ...]]
    """Chapter, block, category and (for a subcategory) the term itself, by category or subcategory."""
    fingerprint: str
    """SHA-256 (hexadecimal) of the terms in order: identifies the ids."""

    def __len__(self) -> int:
        """Return the number of ids, 0 included."""
        return len(self.terms)


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of ancestors: 12,486 terms of the April 2026 release of ICD-10-CM."""
    path: list[str] = []
    terms = [""]
    lineages: dict[str, tuple[str, ...]] = {}
    text = (files("cladmop.diseases") / "vocabulary.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        term = line.lstrip("\t")
        del path[len(line) - len(term) :]
        path.append(term)
        terms.append(term)
        if len(path) > 2:
            lineages[term] = tuple(path)
    # A block of one category bears the category's name (B20) and shares its id.
    unique = tuple(dict.fromkeys(terms))
    digest = hashlib.sha256("\n".join(unique).encode()).hexdigest()
    return Vocabulary(unique, {term: index for index, term in enumerate(unique)}, lineages, digest)


def canonical(code: str) -> str:
    """Return the code as ICD-10-CM writes it: upper case, a dot after the third character (``c3490`` -> ``C34.90``)."""
    bare = "".join(code.split()).replace(".", "").upper()
    return bare if len(bare) <= 3 else f"{bare[:3]}.{bare[3:]}"


def ancestors(code: str) -> tuple[str, ...]:
    """Return the ancestors of a code from its chapter down to itself, cut at the four-character subcategory.

    Parameters
    ----------
    code
        ICD-10-CM code, with or without dot, in any case: ``C34.90``, ``c3490``.

    Returns
    -------
    tuple of str
        Chapter, block, category and, if the code is that long, subcategory, all in ``vocabulary()``. A
        subcategory that does not exist is read as its category. Empty for what is no code.
    """
    known = vocabulary().lineages
    written = canonical(code)
    return known.get(written[:5]) or known.get(written[:3]) or ()


def category(code: str) -> str:
    """Return the three-character category of a code (``C34``), or the empty string for what is no code."""
    lineage = ancestors(code)
    return lineage[2] if lineage else ""
