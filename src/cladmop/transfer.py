"""What pre-training on a corpus is worth: one network with and without it, on folds of the labelled trials.

Each variant is pre-trained (or not) and fine-tuned once a fold; it is measured on the trials held out of the fold by
the fine-tuned outcome, by a few-shot outcome, by what pre-training alone says (zero-shot), and by how well the own
drugs and diseases of held-out criteria are found. Folds follow NCT numbers. The test split is never read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import no_grad

from cladmop.encoders.base import EncodedTrial
from cladmop.errors import InputError
from cladmop.estimator.classifier import NETWORK_CHANGES
from cladmop.evaluation.compare import compare
from cladmop.evaluation.estimate import short
from cladmop.evaluation.folds import Fold, ordered_folds
from cladmop.evaluation.scores import join_scores
from cladmop.evaluation.tables import Table, comparison_table
from cladmop.pipeline import NetworkSettings, encode_trials, make_trial_encoder, mean_probability, pretrain_network
from cladmop.reproduce import Say, claim
from cladmop.results import Row, evaluate_row, load_rows, save_row
from cladmop.shots import draw_reference, train_few
from cladmop.storage import read_json, write_json
from cladmop.top_data import TopData
from cladmop.training.cohort import PretrainTrials
from cladmop.training.finetune import finetune
from cladmop.training.matching import retrieval
from cladmop.training.predict import match_scores

if TYPE_CHECKING:
    from cladmop.model.cladmop import CLaDMoP

NO_PRETRAINING = "no pre-training"
"""The variant that all others are compared with."""
FEW = 32
"""Trials a class of the few-shot measurement."""


@dataclass(frozen=True)
class Variant:
    """One way to pre-train and fine-tune."""

    settings: NetworkSettings
    corpus: float = 1.0
    """Share of the corpus that pre-training sees; smaller shares lie within larger ones."""
    since: int | None = None
    """Only trials of the corpus that ended in this year or later; none for all."""
    every_completed: bool = False
    """Whether pair matching also sees completed trials that no rule calls successful."""

    def pretraining(self) -> tuple[object, ...]:
        """Return all that decides the pre-trained network of a fold."""
        settings = self.settings
        return settings.pretraining, settings.model, settings.pretrain, self.corpus, self.since, self.every_completed


def variants(base: NetworkSettings) -> dict[str, Variant]:
    """Return every variant by name, the reference first.

    The network is that of the shipped model: full fine-tuning, strong dropout and decay, a fixed number of epochs.
    """
    base = replace(base, model=dict(NETWORK_CHANGES["model"]), finetune=dict(NETWORK_CHANGES["finetune"]))
    matching, none = Variant(base), replace(base, pretraining=False)
    completion, both = (_pretrain(base, objective=objective) for objective in ("completion", "both"))
    return {
        NO_PRETRAINING: Variant(none),
        "TOP's successes": Variant(base, corpus=0.0),
        "corpus, 1/8": Variant(base, corpus=1 / 8),
        "corpus, 1/4": Variant(base, corpus=1 / 4),
        "corpus, 1/2": Variant(base, corpus=1 / 2),
        "corpus": matching,
        "completion, 1/4": Variant(completion, corpus=1 / 4),
        "completion, 1/2": Variant(completion, corpus=1 / 2),
        "completion": Variant(completion),
        "corpus and completion": Variant(both),
        "corpus, ended since 2003": Variant(base, since=2003),
        "completion, ended since 2003": Variant(completion, since=2003),
        "corpus, every completed trial": Variant(base, every_completed=True),
        "corpus, hard negatives": Variant(_pretrain(base, hard_negatives=0.5)),
        "corpus, unfused match": Variant(_model(base, match="unfused")),
        "corpus, no names": Variant(_model(base, names=False)),
        "corpus, LoRA": Variant(_finetune(base, mode="lora", learning_rate=1e-3, head_learning_rate=1e-3)),
        "corpus, slow fine-tuning": Variant(_finetune(base, learning_rate=1e-4)),
        "corpus and completion, slow fine-tuning": Variant(_finetune(both, learning_rate=1e-4)),
    }


def _model(base: NetworkSettings, **changes: Any) -> NetworkSettings:  # noqa: ANN401 (fields of ModelConfig)
    return replace(base, model={**base.model, **changes})


def _pretrain(base: NetworkSettings, **changes: Any) -> NetworkSettings:  # noqa: ANN401 (fields of PretrainSettings)
    return replace(base, pretrain={**base.pretrain, **changes})


def _finetune(base: NetworkSettings, **changes: Any) -> NetworkSettings:  # noqa: ANN401 (fields of FinetuneSettings)
    return replace(base, finetune={**base.finetune, **changes})


@dataclass(frozen=True)
class _Encoded:
    """The labelled trials and those of the past, as arrays."""

    ids: list[str]
    labelled: list[EncodedTrial]
    labels: NDArray[np.int64]
    past: list[EncodedTrial]
    folds: list[Fold]


class Transfer:
    """Measures variants on the folds of one phase of TOP.

    Parameters
    ----------
    data
        A phase of TOP with a corpus.
    base
        Settings of the network; the variants change them.
    folds
        Number of folds by NCT number.
    draws
        Few-shot draws a fold.
    folder
        Runs folder; finished stages are kept.
    say
        Told what is going on.

    Raises
    ------
    InputError
        If there is no corpus, or the folder was begun with other settings.
    """

    def __init__(  # noqa: PLR0917 (what, how, how often, where)
        self, data: TopData, base: NetworkSettings, folds: int, draws: int, folder: Path, say: Say
    ) -> None:
        if not data.corpus:
            raise InputError("no corpus to pre-train on; give --corpus DIR (see `cladmop corpus build`)")
        claim(folder, {**data.identity(), "folds": folds, "draws": draws, **base.to_dict()})
        self._data, self._base, self._draws, self._folder, self._say = data, base, draws, folder, say
        trials = [*data.trials("train"), *data.trials("valid")]
        labelled, past = encode_trials(make_trial_encoder(base.encoding), [trials, data.past], say)
        ids = [str(trial.nct_id) for trial in trials]
        labels = np.array([*data.labels("train"), *data.labels("valid")])
        self._encoded = _Encoded(ids, labelled, labels, past, ordered_folds(ids, folds))

    def measure(self, name: str) -> list[Row]:
        """Train one variant on every fold and store its rows; finished folds are kept.

        Raises
        ------
        InputError
            If there is no such variant.
        """
        known = variants(self._base)
        if name not in known:
            raise InputError(f"--only {name!r}: the variants are {', '.join(map(repr, known))}")
        place = self._folder / f"{list(known).index(name):02d}"
        outcomes: dict[str, dict[str, float]] = {}
        draws: list[dict[str, float]] = [{} for _ in range(self._draws)]
        found: list[dict[str, float]] = []
        for number, fold in enumerate(self._encoded.folds):
            self._say(f"{name}: fold {number + 1} of {len(self._encoded.folds)}")
            start = self._pretrained(name, number, fold)
            run = _FoldRun(self._encoded, fold, known[name].settings, start, place / f"fold-{number}")
            for kind, scores in run.outcomes().items():
                outcomes.setdefault(kind, {}).update(scores)
            for draw, scores in enumerate(run.few_shot(self._draws)):
                draws[draw].update(scores)
            found.append(run.retrieval())
        rows = [
            save_row(place / kind, _named(name, kind), kind, {"valid": [scores]}) for kind, scores in outcomes.items()
        ]
        few = f"{FEW}-shot"
        rows.append(save_row(place / few, _named(name, few), f"mean of {self._draws} draws", {"valid": draws}))
        write_json(place / "retrieval.json", {"name": name, "folds": found})
        return rows

    def _pretrained(self, name: str, number: int, fold: Fold) -> "CLaDMoP | None":
        """Pre-train a variant for one fold; variants that differ in fine-tuning only share it."""
        known = variants(self._base)
        variant = known[name]
        if not variant.settings.pretraining:
            return None
        first = next(other for other in known if known[other].pretraining() == variant.pretraining())
        folder = self._folder / "pretrained" / f"{list(known).index(first):02d}" / f"fold-{number}"
        own = [self._encoded.labelled[row] for row in fold.train if self._encoded.labels[row] == 1]
        pool = PretrainTrials.successes(own).joined(self._pool(variant))
        return pretrain_network(folder, variant.settings, pool)

    def _pool(self, variant: Variant) -> PretrainTrials:
        """Return the past trials that a variant may see."""
        everything = self._data.pool(self._encoded.past)
        others = len(self._data.successes)
        order = np.random.default_rng(self._base.seed).permutation(len(self._data.corpus))
        chosen = np.sort(order[: round(variant.corpus * len(order))])
        if variant.since is not None:
            years = [
                one.outcome.completion_date.year if one.outcome.completion_date else 0 for one in self._data.corpus
            ]
            chosen = chosen[np.array(years)[chosen] >= variant.since]
        pool = everything.take(np.concatenate([np.arange(others), others + chosen]))
        if variant.every_completed:
            return PretrainTrials(pool.encoded, pool.successful | (pool.completed == 1), pool.completed)
        return pool


class _FoldRun:
    """One variant on one fold: trained at once, measured on the trials held out."""

    def __init__(
        self, encoded: _Encoded, fold: Fold, settings: NetworkSettings, start: "CLaDMoP | None", folder: Path
    ) -> None:
        self._settings, self._start, self._folder = settings, start, folder
        self._ids = [encoded.ids[row] for row in fold.validation]
        self._held_out = [encoded.labelled[row] for row in fold.validation]
        self._own = [trial for trial, row in zip(self._held_out, fold.validation, strict=True) if encoded.labels[row]]
        self._train = [encoded.labelled[row] for row in fold.train]
        self._labels = encoded.labels[fold.train]
        config = settings.model_config(self._train[0]) if start is None else None
        training = settings.finetune_settings()
        self._network = finetune(
            start, self._train, self._labels, [], [], training, folder / "finetuned", config=config
        )

    def outcomes(self) -> dict[str, dict[str, float]]:
        """Return scores by number, of the fine-tuned network and of what its pre-training alone says."""
        found = {"fine-tuned": mean_probability([self._network], self._held_out)}
        if self._start is not None and self._settings.objective != "completion":
            successes = [trial for trial, label in zip(self._train, self._labels, strict=True) if label == 1]
            found["zero-shot match"] = match_scores(
                self._start, self._held_out, draw_reference(successes, self._settings.seed)
            )
        if self._start is not None and self._settings.objective != "matching":
            found["zero-shot completion"] = mean_probability([self._start], self._held_out)
        return {kind: self._ranked(scores) for kind, scores in found.items()}

    def few_shot(self, draws: int) -> list[dict[str, float]]:
        """Return scores by number of each few-shot draw."""
        networks = (
            train_few(self._start, self._train, self._labels, FEW, draw, self._settings, self._folder / f"few-{draw}")
            for draw in range(draws)
        )
        return [self._ranked(mean_probability([network], self._held_out)) for network in networks]

    def retrieval(self) -> dict[str, float]:
        """Return how often the own drugs and diseases of held-out successes are found among all of theirs."""
        if self._start is None or self._settings.objective == "completion":
            return {}
        with no_grad():
            hits = retrieval(self._start, self._own, self._settings.pretrain_settings())
        return {"candidates": float(len(self._own)), **hits}

    def _ranked(self, scores: NDArray[np.float64]) -> dict[str, float]:
        """Return ranks within the fold, in (0, 1): networks of different folds have scales of their own."""
        ranks = (np.argsort(np.argsort(scores, kind="stable"), kind="stable") + 0.5) / len(scores)
        return dict(zip(self._ids, ranks.tolist(), strict=True))


def _named(variant: str, kind: str) -> str:
    return variant if kind == "fine-tuned" else f"{variant}, {kind}"


def summary(folder: Path, data: TopData, n_bootstrap: int = 1000) -> list[Table]:
    """Return what was measured so far: scores of every row, paired differences, and retrieval.

    Raises
    ------
    InputError
        If nothing was measured yet.
    """
    labels = {one.outcome.nct_id: one.success for one in (*data.train, *data.valid)}
    rows = load_rows(folder)
    evaluated = [(row, evaluate_row(row, labels, "valid", labels, n_bootstrap)) for row in rows]
    base = f"{sum(labels.values()) / len(labels):.3f}".lstrip("0")
    scores = Table(
        f"{len(labels):,} labelled trials of phase {data.phase}, held out in folds by NCT number",
        ("network", "ROC-AUC", "AP", "base"),
        tuple((row.name, one.roc_auc.text(), one.average_precision.text(), base) for row, one in evaluated),
        "[95% interval]. AP: average precision, to be read against the base rate. Ranks within folds are pooled.",
    )
    single = {row.name: join_scores(found[0], labels, row.name)[1] for row, found in _single(rows)}
    tables = [scores]
    if NO_PRETRAINING in single and len(single) > 1:
        truth = np.fromiter(labels.values(), dtype=np.int64)
        tests = compare(truth, single, NO_PRETRAINING, n_bootstrap)
        tables.append(comparison_table(tests, f"Paired differences from {NO_PRETRAINING!r}"))
    return [*tables, _retrieval_table(folder)]


def _single(rows: Sequence[Row]) -> list[tuple[Row, list[dict[str, float]]]]:
    draws = ((row, row.scores("valid")) for row in rows)
    return [(row, found) for row, found in draws if len(found) == 1]


def _retrieval_table(folder: Path) -> Table:
    rows = []
    for file in sorted(folder.glob("*/retrieval.json")):
        stored = read_json(file)
        folds = [fold for fold in stored["folds"] if fold]
        if folds:
            means = [fmean(fold[key] for fold in folds) for key in ("candidates", "retrieval@1", "retrieval@10")]
            rows.append((stored["name"], f"{means[0]:.0f}", short(means[1]), short(means[2])))
    caption = "Own drugs and diseases found by criteria, among those of the successes held out; mean of the folds"
    return Table(caption, ("network", "candidates", "@1", "@10"), tuple(rows))
