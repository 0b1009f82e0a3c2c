"""Eligibility criteria out of protocol documents: PDF, Word and text, found, not guessed, for a person to confirm."""

from cladmop.sources.documents.extraction import Extraction
from cladmop.sources.documents.guarded import read_document_guarded
from cladmop.sources.documents.reading import KINDS, MAX_BYTES, DocumentKind, document_kind, read_document

__all__ = [
    "KINDS",
    "MAX_BYTES",
    "DocumentKind",
    "Extraction",
    "document_kind",
    "read_document",
    "read_document_guarded",
]
