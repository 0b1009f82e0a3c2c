"""Contestants that are no networks: trivial ones, look-ups, text, tables of features, frozen language models."""

from functools import partial
from typing import TYPE_CHECKING, Literal

from cladmop.benchmark.contestants import Contestant
from cladmop.pipeline import EncodingSettings

if TYPE_CHECKING:
    from cladmop.benchmark.bench import Bench
    from cladmop.rivals.base import Rival

SMOLLM2 = EncodingSettings("smollm2")
_BASELINE = "baseline of HINT (Fu et al., Patterns 2022), on fingerprints, ICD-10 codes and the text's hidden states"


def _base_rate(_bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.base_rate import BaseRate

    return BaseRate()


def _length(_bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.length import CriteriaLength

    return CriteriaLength()


def _history(bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.history import History

    return History(bench.encoder())


def _words(_bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.tfidf import TextModel, TextSettings

    return TextModel(TextSettings.words())


def _characters(_bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.tfidf import TextModel, TextSettings

    return TextModel(TextSettings.characters())


def _regression(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.classical import LogisticRegressionRival

    return LogisticRegressionRival(bench.encoder(), draw)


def _forest(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.classical import RandomForest

    return RandomForest(bench.encoder(), draw)


def _knn_forest(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.classical import KnnForest

    return KnnForest(bench.encoder(), draw)


def _adaboost(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.classical import AdaBoost

    return AdaBoost(bench.encoder(), draw)


def _boosting(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.classical import GradientBoosting

    return GradientBoosting(bench.encoder(), draw)


def _feed_forward(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.classical import FeedForward

    return FeedForward(bench.encoder(), bench.task.valid, draw)


def _tabpfn(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.tabular import TabPfn

    return TabPfn(bench.encoder(), seed=draw)


def _pooled(encoding: EncodingSettings | None, levels: Literal["last", "all"], bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.pooled import PooledStates

    return PooledStates(bench.encoder(encoding), levels=levels)


def _prompt(bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.prompt import Prompt

    return Prompt("smollm2", bench.folder / "prompts")


def text_contestants() -> list[Contestant]:
    """Return those that read nothing but the text of the criteria: no language model, no drugs, no diseases."""
    return [
        Contestant("Base rate", "trivial", "the success rate of the training trials, for every trial", _base_rate),
        Contestant(
            "Criteria length", "trivial", "logistic regression on the length of the criteria", _length, simple=True
        ),
        Contestant(
            "TF-IDF words", "text", "logistic regression on words and pairs of words of the criteria", _words,
            simple=True, headline=True,
        ),
        Contestant(
            "TF-IDF characters", "text", "logistic regression on runs of 2 to 5 characters", _characters, simple=True,
            headline=True,
        ),
    ]  # fmt: skip


def simple_contestants() -> list[Contestant]:
    """Return the contestants of this module, in the order of the tables."""
    return [
        *text_contestants(),
        Contestant(
            "History", "look-up", "success rates of past trials of the same drugs and of the same ICD-10 categories",
            _history, simple=True,
        ),
        Contestant(
            "Logistic regression", "tabular", _BASELINE, _regression, simple=True
        ),
        Contestant("Random forest", "tabular", _BASELINE, _forest, chance="seed"),
        Contestant("kNN + random forest", "tabular", _BASELINE, _knn_forest, chance="seed"),
        Contestant("AdaBoost", "tabular", _BASELINE, _adaboost, chance="seed"),
        Contestant(
            "Gradient boosting", "tabular", f"LightGBM; {_BASELINE}", _boosting,
            chance="seed",
        ),
        Contestant("Feed-forward", "tabular", _BASELINE, _feed_forward, chance="seed"),
        Contestant(
            "TabPFN", "tabular", "TabPFN 3.5 (after Hollmann et al., Nature 2025) on the same features; its weights "
            "have terms of their own",
            _tabpfn, chance="seed",
        ),
        Contestant(
            "MiniLM, last layer", "language model", "mean-pooled frozen states and logistic regression",
            partial(_pooled, None, "last"), simple=True,
        ),
        Contestant(
            "MiniLM, four layers", "language model", "the same on the states at a quarter, half, three quarters "
            "and all of the depth", partial(_pooled, None, "all"), simple=True, headline=True,
        ),
        Contestant(
            "SmolLM2, four layers", "language model", "the same with a causal language model",
            partial(_pooled, SMOLLM2, "all"), quick=False,
        ),
        Contestant(
            "SmolLM2, asked", "language model", "zero-shot: log-odds of yes against no after a prompt; no labels",
            _prompt, quick=False,
        ),
    ]  # fmt: skip
