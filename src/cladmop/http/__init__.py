"""The web: downloads that resume, and polite questions to a server that answers many."""

from cladmop.http.files import download
from cladmop.http.polite import PoliteClient, RefusedError

__all__ = ["PoliteClient", "RefusedError", "download"]
