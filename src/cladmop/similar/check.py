"""How good the neighbours are: past trials for those that started last, beside simpler ways to find them.

The network learns from the successful trials that started before; every trial that asks sees only those that had ended
when it started, as in use. Half of those that ask choose between variants, the other half is reported.

Shapes: n trials, m that ask, V width of a vector.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cladmop.corpus.rules import Group
from cladmop.corpus.tables import CorpusTrial, read_corpus, read_manifest
from cladmop.errors import InputError
from cladmop.pipeline import NetworkSettings, encode_trials, forecast_training, make_trial_encoder, pretrain_network
from cladmop.records import Trial
from cladmop.similar.build import Say, default_settings
from cladmop.similar.embedding import Shares, Vectors, fit_maps, joined, parts_of

if TYPE_CHECKING:
    from cladmop.encoders.base import EncodedTrial

K = 10
"""Neighbours looked at."""
LATEST = 0.4
"""Share of the trials, those that started last, that ask."""
MOST = 2_000
"""Trials that ask, at most."""
TRIED = tuple(Shares(criteria, names) for names in (0.0, 0.25, 0.5) for criteria in (1.0, 0.75, 0.5, 0.25, 0.0))
"""Shares that are tried; half at least is pair matching's."""
Rows = NDArray[np.intp]
Values = NDArray[np.float64]
Similarity = Callable[[int], Values]
"""From the row of a trial that asks to its similarity with all, shape (n,)."""


@dataclass(frozen=True)
class Judged:
    """The neighbours of m trials; NaN where a trial has no drug or no disease to share."""

    drug: Values
    """Share of the neighbours with a drug of the trial, shape (m,)."""
    disease: Values
    """Share with an ICD-10 category of the trial, shape (m,)."""
    phase: Values
    """Share of the trial's phase, shape (m,)."""
    success: Values
    """Share of successful trials among the neighbours, shape (m,)."""

    def rows(self, rows: Rows) -> "Judged":
        """Return some of the trials."""
        return Judged(self.drug[rows], self.disease[rows], self.phase[rows], self.success[rows])

    def merit(self) -> float:
        """Return what variants are chosen by: the mean of the shares with a drug and with a disease in common."""
        return float(np.nanmean(self.drug) + np.nanmean(self.disease)) / 2


@dataclass(frozen=True)
class Checked:
    """What a check found."""

    variants: Mapping[str, Judged]
    """Our variants, on the trials that choose."""
    chosen: str
    """The one with the most merit."""
    reported: Mapping[str, Judged]
    """The chosen variant, then its rivals, then past trials drawn at random, on the reported trials."""
    successful: NDArray[np.bool_]
    """Whether each reported trial was successful, shape (m,)."""
    stopped: NDArray[np.bool_]
    """Whether each reported trial was stopped, shape (m,)."""
    since: dt.date
    """Start of the first trial that asks."""
    taught: int
    """Successful trials the network learned from."""


class Past:
    """The trials of a corpus, as those that ask see them.

    Parameters
    ----------
    trials, encoded
        The trials, n of them.
    cutoff
        Date before which all of them ended.
    """

    def __init__(self, trials: Sequence[CorpusTrial], encoded: "Sequence[EncodedTrial]", cutoff: dt.date) -> None:
        starts = [one.trial.start_date for one in trials]
        self.starts = np.array(starts, dtype="datetime64[D]")  # NaT where none is stated
        self.ended = np.array([one.outcome.completion_date or cutoff for one in trials], dtype="datetime64[D]")
        self.successful = np.array([one.group is Group.SUCCESSFUL for one in trials])
        self.stopped = np.array([one.group is Group.STOPPED for one in trials])
        self._phases = np.array([one.trial.phase.value for one in trials])
        self._drugs = [frozenset(filter(None, one.drug_set.split("|"))) for one in encoded]
        self._diseases = [frozenset(filter(None, one.disease_set.split(";"))) for one in encoded]

    def candidates(self, row: int) -> Rows:
        """Return the trials that had ended when a trial started."""
        return np.flatnonzero(self.ended < self.starts[row])

    def nearest(self, row: int, similarity: Similarity) -> Rows:
        """Return the `K` candidates most similar to a trial."""
        candidates = self.candidates(row)
        order = np.argsort(-similarity(row)[candidates], kind="stable")
        return np.asarray(candidates[order[:K]])

    def judge(self, asking: Rows, found: Callable[[int], Rows]) -> Judged:
        """Compare each trial that asks with those found for it."""
        columns = np.array([self._compared(row, found(row)) for row in asking.tolist()])
        return Judged(*columns.T)

    def _compared(self, row: int, found: Rows) -> tuple[float, ...]:
        rows = found.tolist()
        return (
            _sharing(self._drugs, row, rows),
            _sharing(self._diseases, row, rows),
            float((self._phases[found] == self._phases[row]).mean()),
            float(self.successful[found].mean()),
        )


def check_neighbours(
    corpus: Path, work: Path, say: Say, *, settings: NetworkSettings | None = None, seed: int = 0
) -> Checked:
    """Measure the neighbours on the trials of a corpus that started last.

    Parameters
    ----------
    corpus
        Folder that `cladmop corpus build` wrote.
    work
        Keeps the network, so that the same command continues a killed check.
    say
        Told what is going on.
    settings
        Of the network and the encoding; those of `build_index` by default.
    seed
        Decides which of the trials choose, and which are reported.

    Raises
    ------
    InputError
        If the corpus is too small to be cut.
    MissingArtefactError, CorruptArtefactError
        If there is no finished corpus, or it is damaged.
    """
    chosen = settings or default_settings()
    trials = read_corpus(corpus)
    (encoded,) = encode_trials(make_trial_encoder(chosen.encoding), [[one.trial for one in trials]], say)
    past = Past(trials, encoded, dt.date.fromisoformat(read_manifest(corpus)["cutoff"]))
    since, choosing, reported = _asking(past, seed)
    earlier = past.starts < np.datetime64(since)
    teaching = [encoded[row] for row in np.flatnonzero(past.successful & earlier)]
    say(f"pair matching on {len(teaching):,} successful trials that started before {since}")
    say(f"training: {forecast_training(chosen, ([], []), ([], []), teaching, [work], [])}")
    network = pretrain_network(work, chosen, teaching)
    parts, taught = (parts_of(network.eval(), some) for some in (encoded, teaching))
    mapped = [each(part) for each, part in zip(fit_maps(taught), parts, strict=True)]
    ours = _variants(parts, mapped)
    judged = {name: _judged(past, choosing, _cosine(vectors)) for name, vectors in ours.items()}
    best = max(judged, key=lambda name: judged[name].merit())
    names = {"states of drug and disease names": _cosine(joined(mapped, Shares(0.0, 1.0)))}
    rivals = {best: _cosine(ours[best]), **_rivals(trials, encoded, earlier), **names}
    say(f"{len(reported):,} trials ask, {len(rivals)} ways to answer")
    answers = {name: _judged(past, reported, similarity) for name, similarity in rivals.items()}
    answers["any past trial"] = past.judge(reported, past.candidates)
    return Checked(judged, best, answers, past.successful[reported], past.stopped[reported], since, len(teaching))


def _asking(past: Past, seed: int) -> tuple[dt.date, Rows, Rows]:
    """Return when the first trial that asks started, those that choose and those that are reported."""
    dated = np.sort(past.starts[~np.isnat(past.starts)])
    if not len(dated):
        raise InputError("no trial of the corpus has a start date; build it from records that state one")
    since: dt.date = dated[int(len(dated) * (1 - LATEST))].astype(object)
    asking = np.flatnonzero(past.starts >= np.datetime64(since))
    asking = np.array([row for row in asking.tolist() if len(past.candidates(row)) >= K], dtype=np.intp)
    drawn = np.random.default_rng(seed).permutation(asking)[:MOST]
    choosing, reported = np.sort(drawn[::2]), np.sort(drawn[1::2])
    for rows in (choosing, reported):
        if not (past.successful[rows].any() and past.stopped[rows].any()):
            raise InputError(
                f"the corpus is too small to be checked: of its last trials {len(asking)} have {K} past ones to be "
                "compared with, successful and stopped ones are needed among them; build a larger corpus"
            )
    return since, choosing, reported


def _variants(parts: Sequence[Vectors], mapped: Sequence[Vectors]) -> dict[str, NDArray[np.float16]]:
    """Return the vectors of each variant, from the parts as learned and as mapped."""
    found = {}
    for shares in TRIED:
        beside = f", names {shares.names:.0%} beside it" if shares.names else ""
        found[f"pair matching, criteria {shares.criteria:.0%}{beside}"] = joined(mapped, shares)
    # What whitening is worth.
    found["pair matching, not whitened, criteria 25%"] = joined([*parts[:2], *mapped[2:]], Shares(0.25, 0.0))
    return found


def _rivals(
    trials: Sequence[CorpusTrial], encoded: "Sequence[EncodedTrial]", earlier: NDArray[np.bool_]
) -> dict[str, Similarity]:
    means = np.array([one.criteria[-1].astype(np.float32).mean(axis=0) for one in encoded])
    criteria = [one.trial.criteria_text() for one in trials]
    names = [_names(one.trial) for one in trials]
    both = [f"{text}\n{named}" for text, named in zip(criteria, names, strict=True)]
    return {
        "mean state of the criteria": _cosine(means / np.linalg.norm(means, axis=1, keepdims=True)),
        "TF-IDF of the criteria": _tfidf(criteria, earlier),
        "TF-IDF of criteria and names": _tfidf(both, earlier),
        "TF-IDF of drug and disease names": _tfidf(names, earlier),
    }


def _names(trial: Trial) -> str:
    return " ".join([*(drug.name for drug in trial.drugs), *(disease.name for disease in trial.diseases)])


def _tfidf(texts: Sequence[str], earlier: NDArray[np.bool_]) -> Similarity:
    """Return the cosine of words and word pairs, weighted as earlier texts have them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    vectorizer.fit([text for text, known in zip(texts, earlier.tolist(), strict=True) if known])
    matrix = vectorizer.transform(texts)
    return lambda row: np.asarray((matrix @ matrix[row].T).todense(), dtype=np.float64).ravel()


def _cosine(vectors: NDArray[Any]) -> Similarity:
    wide = vectors.astype(np.float32)
    return lambda row: np.asarray(wide @ wide[row], dtype=np.float64)


def _judged(past: Past, asking: Rows, similarity: Similarity) -> Judged:
    return past.judge(asking, lambda row: past.nearest(row, similarity))


def _sharing(sets: Sequence[frozenset[str]], row: int, found: Sequence[int]) -> float:
    own = sets[row]
    return float(np.mean([bool(own & sets[other]) for other in found])) if own else np.nan
