"""Contestants that are networks: published rivals, CLaDMoP in its presets, and what cladmop ships."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cladmop.benchmark.contestants import Contestant
from cladmop.benchmark.ours import Recipe, Shipped, Wider
from cladmop.encoders.base import Unit
from cladmop.errors import MissingArtefactError
from cladmop.pipeline import EncodingSettings, NetworkSettings

if TYPE_CHECKING:
    from pathlib import Path

    from cladmop.benchmark.bench import Bench
    from cladmop.rivals.base import Rival
    from cladmop.rivals.network import ZeroShot

DEFAULT = NetworkSettings()
PAPER = NetworkSettings(preset="paper")
PAPER_TOKENS = NetworkSettings(EncodingSettings(unit=Unit.TOKENS), preset="paper")
PUBLISHED = NetworkSettings(EncodingSettings(structures="published"))
SMOLLM2 = NetworkSettings(EncodingSettings("smollm2"))


def _mexa(variant: str, bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.mexa import MexaReleased, MexaRepaired

    kind = MexaReleased if variant == "released" else MexaRepaired
    return kind(bench.encoder(), bench.task.valid, seed=draw)


def _hint(bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.hint import Hint

    return Hint(bench.encoder(), bench.task.valid, seed=draw)


def _network(settings: NetworkSettings, bench: "Bench", draw: int) -> "Rival":
    from cladmop.rivals.network import Network

    chosen = replace(settings, phase=bench.task.phase, seed=draw, encoding=bench.suited(settings.encoding))
    encode = bench.encoder(chosen.encoding)
    return Network(encode, chosen, bench.task.successes, bench.task.valid, stages(bench, chosen))


def zero_shot(bench: "Bench", draw: int) -> "ZeroShot":
    """Return the network that is pre-trained only, from the stages of the default network of the same seed."""
    from cladmop.rivals.network import ZeroShot

    chosen = replace(DEFAULT, phase=bench.task.phase, seed=draw, encoding=bench.encoding)
    return ZeroShot(bench.encoder(), chosen, bench.task.successes, stages(bench, chosen))


def stages(bench: "Bench", settings: NetworkSettings) -> "Path":
    """Return where the stages of a network lie: contestants that share one share its pre-training."""
    return bench.folder / "stages" / settings.slug() / f"seed-{settings.seed}"


def _recipe(bench: "Bench", draw: int) -> "Rival":
    folder = bench.folder / "stages" / "recipe" / f"seed-{draw}"
    return Recipe(bench.task.others, draw, folder, bench.encoding.encoder)


def _wider_words(bench: "Bench", _draw: int) -> "Rival":
    from cladmop.rivals.tfidf import TextModel, TextSettings

    return Wider(TextModel(TextSettings.words()), bench.task.valid)


def _shipped(bench: "Bench", _draw: int) -> "Rival":
    if not bench.task.unseen:
        raise MissingArtefactError("the shipped model was trained on the trials to be scored")
    return Shipped()


def network_contestants() -> list[Contestant]:
    """Return the contestants of this module, in the order of the tables."""
    mexa = "mixture of experts with routers (Zhang et al., SDM 2025), the epoch chosen on validation"
    pairs = "pair matching on successes, then LoRA"
    return [
        Contestant(
            "MEXA-CTP as released", "network", f"{mexa}; attention and routers stay at their random start, as released",
            partial(_mexa, "released"), "seed", headline=True,
        ),
        Contestant(
            "MEXA-CTP repaired", "network", f"{mexa}; all of it trained, no mode without a token",
            partial(_mexa, "repaired"), "seed", headline=True,
        ),
        Contestant(
            "HINT-style", "network", "interaction graph of drugs, diseases and criteria (Fu et al., Patterns 2022), "
            "without its pre-training on ADMET labels", _hint, "seed", headline=True,
        ),
        Contestant(
            "CLaDMoP, paper preset", "cladmop", f"the paper's sizes and rates on MiniLM items; {pairs}",
            partial(_network, PAPER), "seed", quick=False, headline=True,
        ),
        Contestant(
            "CLaDMoP, paper preset, tokens", "cladmop", f"the same on MiniLM tokens; {pairs}",
            partial(_network, PAPER_TOKENS), "seed", quick=False,
        ),
        Contestant(
            "CLaDMoP", "cladmop", f"the default preset on MiniLM items; {pairs}", partial(_network, DEFAULT), "seed",
            headline=True,
        ),
        Contestant(
            "CLaDMoP, published structures", "cladmop", "the same with molecules as the data set lists them",
            partial(_network, PUBLISHED), "seed", quick=False,
        ),
        Contestant(
            "CLaDMoP, SmolLM2", "cladmop", f"the default preset on items of a causal language model; {pairs}",
            partial(_network, SMOLLM2), "seed", quick=False,
        ),
        Contestant(
            "cladmop blend", "cladmop", "our default: words, states and CLaDMoP networks without pre-training, "
            "calibrated out of fold", _recipe, "seed", headline=True,
        ),
        Contestant(
            "TF-IDF words, wider", "text", "fitted on train and valid, as the shipped model was; its F1 threshold is "
            "of trials it was fitted on", _wider_words,
        ),
        Contestant(
            "cladmop, shipped", "cladmop", "the weights of the package: the blend, fitted on train and valid; its "
            "F1 threshold is of trials it was fitted on", _shipped, headline=True,
        ),
    ]  # fmt: skip
