"""What a query of the registry would fetch, from its count and the size of some of its studies."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from cladmop.http import PoliteClient
from cladmop.sources.endpoints import Endpoints
from cladmop.sources.fetching import LARGEST_PAGE
from cladmop.sources.pages import Manifest, Plan

_SAMPLE = 100
"""Studies asked for."""


@dataclass(frozen=True)
class Fetchable:
    """What a query would fetch."""

    studies: int | None
    """As the registry counts them; none where it does not say."""
    sample: int
    """Studies whose size is known."""
    bytes_each: float
    """JSON of a study."""
    stored_each: float
    """The same on disk, compressed."""

    @property
    def requests(self) -> int:
        """Pages to ask for, at one a second."""
        return -(-(self.studies or 0) // LARGEST_PAGE)


def weigh_query(base_url: str, query: Mapping[str, str]) -> Fetchable:
    """Ask the registry how many studies a query has, and how large the first of them are.

    Raises
    ------
    InputError
        If the registry refuses the query.
    NetworkError
        If there is no network, or no answer.
    """
    plan = Plan(base_url, dict(query), _SAMPLE)
    start = Manifest(attribution="", plan=plan, api_version="", data_timestamp="", begun="")
    body, page = Endpoints(base_url, PoliteClient()).page(start)
    shown = max(1, len(page.studies))
    return Fetchable(page.total_count, len(page.studies), len(body) / shown, len(zlib.compress(body)) / shown)
