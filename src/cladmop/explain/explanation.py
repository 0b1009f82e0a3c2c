"""Contributions by leaving out: each part of a trial is taken away and the whole calibrated model scores again.

A contribution so is what the what-if of the same removal says, with the sign turned.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cladmop.explain.atoms import atom_contributions
from cladmop.explain.drawing import drawing
from cladmop.explain.left_out import SIDES, Part, difference, folded, leave_out, parts_of, score_variants
from cladmop.records import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cladmop.estimator import BaseRate, TrialOutcomeClassifier

LEAST_SCALE = 0.02
"""Log-odds of an atom's full colour at least, so that differences of nothing stay pale."""


@dataclass(frozen=True)
class Contribution:
    """What one part of a trial is worth to its score: with it minus without it."""

    part: Part
    log_odds: float
    """Calibrated log-odds with the part minus those without it: above 0 it raises the score."""
    points: float
    """The same in probability, -1 to 1."""
    low: float
    """Lower end of the 90% interval of ``points``, from the model's bootstrap refits."""
    high: float
    """Upper end."""
    drawing: str | None = None
    """A drug's structure as SVG, its atoms tinted by what they contribute; none where it has no structure."""

    @property
    def sure(self) -> bool:
        """Tell whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values: ``side``, ``item`` and ``text`` of a criterion, ``name`` of the others."""
        figures = {
            "contribution": self.log_odds, "points": self.points, "low": self.low, "high": self.high, "sure": self.sure,
        }  # fmt: skip
        if self.part.kind in SIDES:
            return {"side": self.part.kind, "item": self.part.item, "text": self.part.text, **figures}
        drawn = {"drawing": self.drawing} if self.part.kind == "drug" else {}
        return {"name": self.part.text, **figures, **drawn}


@dataclass(frozen=True)
class Explanation:
    """Why a trial's score is what it is."""

    trial: Trial
    probability: float
    """Calibrated probability of success, 0 to 1."""
    base_rate: "BaseRate"
    contributions: tuple[Contribution, ...]
    """Of each criterion, drug and disease, in this order and as written."""
    rest: float
    """Log-odds between base rate and score that the single contributions do not add up to: what parts say only
    together, how many there are, the phase, and the typical trial. It may be large, and of either sign."""
    network_weight: float
    """Share of the networks in the blend, 0 to 1: they alone read structures."""
    largest_atom: float
    """Largest contribution of one atom, in absolute log-odds; 0 where no structure is read."""
    remarks: tuple[str, ...]
    """What is absent, unmapped or unusual, in plain words."""

    @property
    def summary(self) -> str:
        """The explanation in plain words, made of these figures by rule."""
        from cladmop.explain.summary import summarise

        return summarise(self)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values: ``items``, ``drugs`` and ``diseases`` apart."""
        named = {kind: [one.to_json() for one in self.contributions if one.part.kind == kind] for kind in _NAMED}
        return {
            "probability": self.probability,
            "base_rate": self.base_rate.rate,
            "items": [one.to_json() for one in self.contributions if one.part.kind in SIDES],
            "drugs": named["drug"],
            "diseases": named["disease"],
            "rest": self.rest,
            "summary": self.summary,
        }


_NAMED = ("drug", "disease")


def explain(model: "TrialOutcomeClassifier", trial: Trial) -> Explanation:
    """Explain the score of one trial.

    Parameters
    ----------
    model
        A fitted model with two or more bootstrap refits.
    trial
        The trial; each of its parts is scored without, in one call of the model.

    Raises
    ------
    InputError
        If the model has no refits, or a drug states a structure that is no SMILES.
    """
    from cladmop.estimator.blend import log_odds

    parts = parts_of(trial)
    scores = score_variants(model, [trial, *(leave_out(trial, [part]) for part in parts)])
    report = model.trial_encoder().report(trial)
    base_rate = model.base_rates_.get(trial.phase.group, model.base_rates_["all"])
    atoms = atom_contributions(model, trial)
    largest = max((float(abs(one).max()) for one in atoms.values()), default=0.0)
    contributions = []
    for row, part in enumerate(parts, start=1):
        change = difference(scores, 0, row)
        drawn = _drawing(model, trial, part, atoms, max(largest, LEAST_SCALE)) if part.kind == "drug" else None
        contributions.append(Contribution(part, change.log_odds, change.points, change.low, change.high, drawn))
    beyond = float(scores.log_odds[0]) - float(log_odds(base_rate.rate))
    rest = beyond - sum(one.log_odds for one in contributions)
    weight = model.blend_.weights.get("network", 0.0)
    return Explanation(
        trial, float(scores.probability[0]), base_rate, tuple(contributions), rest, weight, largest, report.warnings
    )


def _drawing(
    model: "TrialOutcomeClassifier", trial: Trial, part: Part, atoms: "Mapping[str, NDArray[Any]]", scale: float
) -> str | None:
    """Draw all structures of a drug's name, side by side."""
    resolver = model.trial_encoder().resolver
    mentions = [drug for drug in trial.drugs if folded(drug.name) == folded(part.text)]
    found = dict.fromkeys(one.smiles for drug in mentions for one in resolver.resolve_drug(drug))
    smiles = [one for one in found if one is not None]
    if not smiles:
        return None
    tinted = [float(one) for each in smiles for one in atoms[each]] if atoms.keys() >= set(smiles) else None
    return drawing(".".join(smiles), tinted, scale=scale, name=part.text)
