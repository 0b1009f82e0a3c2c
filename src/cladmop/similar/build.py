"""A corpus becomes an index: one pair-matching network on its successful trials, then all trials embedded."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from cladmop import __version__
from cladmop.corpus.rules import Group
from cladmop.corpus.tables import read_corpus, read_manifest
from cladmop.diseases.icd import CHAPTERS
from cladmop.encoders.base import Unit
from cladmop.pipeline import (
    EncodingSettings,
    NetworkSettings,
    encode_trials,
    forecast_training,
    make_trial_encoder,
    pretrain_network,
)
from cladmop.similar.embedding import Embedding, Shares
from cladmop.similar.folder import write_index
from cladmop.similar.past import ENOUGH, encoding_of
from cladmop.similar.table import past_table, term_names

SHARES = Shares()
"""How much criteria and names count in the similarity: chosen by `cladmop similar check` (docs/LOG.md)."""
Say = Callable[[str], None]


def build_index(
    corpus: Path, out: Path, work: Path, say: Say, *, settings: NetworkSettings | None = None, shares: Shares = SHARES
) -> dict[str, Any]:
    """Build an index of all trials of a corpus, and return its manifest.

    Parameters
    ----------
    corpus
        Folder that `cladmop corpus build` wrote.
    out
        Folder of the index; it is replaced at once, when all is done.
    work
        Keeps the network, so that the same command continues a killed build; hidden states are cached anyway.
    say
        Told what is going on.
    settings
        Of the network, and how trials are encoded: as the shipped model does by default.
    shares
        How much each part counts in the similarity.

    Raises
    ------
    InputError
        If the corpus has too few successful trials.
    MissingArtefactError, CorruptArtefactError
        If there is no finished corpus, or it is damaged.
    StorageError
        If the folder cannot be written.
    """
    chosen = settings or default_settings()
    manifest = read_manifest(corpus)
    past = read_corpus(corpus)
    encoder = make_trial_encoder(chosen.encoding)
    (encoded,) = encode_trials(encoder, [[one.trial for one in past]], say)
    successful = [row for row, one in enumerate(past) if one.group is Group.SUCCESSFUL]
    say(f"pair matching on {len(successful):,} successful trials")
    teaching = [encoded[row] for row in successful]
    say(f"training: {forecast_training(chosen, ([], []), ([], []), teaching, [work], [])}")
    embedding = Embedding.fit(pretrain_network(work, chosen, teaching), teaching, shares)
    vectors = embedding(encoded)
    table = past_table(corpus, past, encoder)
    facts = {
        "cladmop": __version__,
        "attribution": manifest["attribution"],
        "meaning": meaning(manifest),
        "cutoff": manifest["cutoff"],
        "corpus": manifest["content_sha256"],
        "outcomes": {group.value: sum(one.group is group for one in past) for group in Group},
        "encoding": encoding_of(encoder),
        "terms": term_names(_counted(table)),
    }
    return write_index(out, table, embedding, vectors, facts)


def default_settings() -> NetworkSettings:
    """Return the default preset on trials encoded as the shipped model encodes them."""
    return NetworkSettings(encoding=EncodingSettings("minilm", None, Unit.ITEMS, "repaired", "float32"))


def _counted(table: pl.DataFrame) -> list[str]:
    """Return the diseases that can be counted for themselves, and the chapters, which stand in for the others."""
    counts = table["terms"].explode().drop_nulls().value_counts()
    return [term for term, count in counts.iter_rows() if count >= ENOUGH or term in CHAPTERS]


def meaning(manifest: Mapping[str, Any]) -> str:
    """Return what the outcomes of a corpus mean, in sentences."""
    approvals = manifest["approvals"]["source"]
    return (
        f"Finished drug trials of phases I to III that ended before {manifest['cutoff']}. Successful: completed, and "
        f"every drug under test is approved today ({approvals}) or later entered the next phase for the same disease; "
        "unproven: completed without such a sign; stopped: terminated or withdrawn. Rates count unproven and stopped "
        "trials as not successful. Success is judged by what became known later: an association, not a cause."
    )
