"""Condition names to ICD-10-CM codes by the search of the US National Library of Medicine, for those who ask for it.

The service (https://clinicaltables.nlm.nih.gov/apidoc/icd10cm/v3/doc.html) finds codes whose wording has all the words
asked for, in an order of its own; the first is not taken for that, but the one that has the most words in common.
"""

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

from cladmop import config
from cladmop.diseases.conditions import FLOOR, NO_MATCH, CodeMatch
from cladmop.diseases.icd import ancestors
from cladmop.diseases.wording import words
from cladmop.errors import CorruptArtefactError
from cladmop.http import PoliteClient
from cladmop.storage import read_json, write_json

BASE_URL = "https://clinicaltables.nlm.nih.gov/api/icd10cm/v3/search"
NLM = "nlm"
_MOST = 200
"""Codes asked for at once."""
_LIMIT = 1 << 20
"""Bytes of an answer at most."""

Wordings = list[list[str]]
"""Pairs of a code and its wording."""


class NlmLookup:
    """Looks names up online, once each: answers are kept with their date.

    Parameters
    ----------
    base_url
        Address of the search.
    cache
        Folder of the answers, one JSON file a name; ``nlm`` in cladmop's folder where not given.
    client
        Asks the server; one that waits a second between requests where not given.
    """

    def __init__(self, base_url: str = BASE_URL, cache: Path | None = None, client: PoliteClient | None = None) -> None:
        self._base_url = base_url
        self._cache = cache or config.home() / "nlm"
        self._client = client or PoliteClient(limit=_LIMIT)

    def match(self, name: str) -> CodeMatch:
        """Find the code of a condition by its name.

        Parameters
        ----------
        name
            The condition in English.

        Returns
        -------
        CodeMatch
            The code whose wording has the most words in common (Dice), the most general of equals, with ``nlm`` as
            its source; ``NO_MATCH`` when none reaches ``FLOOR``.

        Raises
        ------
        NetworkError
            If the answer is not kept and ``$CLADMOP_OFFLINE`` is set, or the server refuses or fails.
        CorruptArtefactError
            If the kept answer is damaged.
        StorageError
            If the answer cannot be kept.
        """
        asked = words(name)
        if not asked:
            return NO_MATCH
        ranked = []
        for code, wording in self._wordings(" ".join(name.split())):
            lineage, said = ancestors(code), words(wording)
            if lineage:
                ranked.append((-2 * len(asked & said) / (len(asked) + len(said)), len(lineage[-1]), lineage[-1]))
        if not ranked or -min(ranked)[0] < FLOOR:
            return NO_MATCH
        score, _, code = min(ranked)
        return CodeMatch((code,), -score, NLM)

    def _wordings(self, terms: str) -> Wordings:
        path = self._cache / f"{hashlib.sha256(terms.lower().encode()).hexdigest()[:32]}.json"
        if path.is_file():
            kept = read_json(path)
            wordings = _pairs(kept.get("wordings") if isinstance(kept, dict) else None)
            if wordings is None:
                raise CorruptArtefactError(f"{path} is no kept answer of NLM; delete it, and it is asked for again")
            return wordings
        parameters = {"sf": "code,name", "terms": terms, "maxList": str(_MOST)}
        body = self._client.get(self._base_url, parameters, defect=_defect)
        found = _pairs(json.loads(body)[3]) or []
        today = dt.datetime.now(dt.UTC).date().isoformat()
        write_json(path, {"query": terms, "date": today, "source": self._base_url, "wordings": found})
        return found


def _defect(body: bytes) -> str:
    """Say what is wrong with an answer; it is ``[total, codes, extra, [[code, wording], ...]]``."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return "the answer is not JSON"
    if not isinstance(answer, list) or len(answer) < 4 or _pairs(answer[3]) is None:
        return "the answer is not a list of codes and wordings"
    return ""


def _pairs(value: Any) -> Wordings | None:  # noqa: ANN401 (any JSON value)
    """Return a list of pairs of texts; none for anything else."""
    if not isinstance(value, list):
        return None
    pairs = [pair for pair in value if isinstance(pair, list) and len(pair) == 2]
    sound = len(pairs) == len(value) and all(isinstance(text, str) for pair in pairs for text in pair)
    return pairs if sound else None
