"""Trials that nobody ran, for the examples: one criterion says how four in five of them end."""

import random

from cladmop import Disease, Drug, Phase, Trial

INCLUSION = (
    "Age 18 years or older",
    "Written informed consent",
    "Adequate renal and hepatic function",
    "ECOG performance status 0 or 1",
    "Life expectancy of at least three months",
    "Haemoglobin at least 9 g/dL",
)
EXCLUSION = (
    "Pregnancy or breast feeding",
    "Active infection that needs systemic treatment",
    "Known allergy to the study drug",
    "Participation in another trial within 30 days",
    "Uncontrolled hypertension",
    "History of seizures",
)
DRUGS = {"asthma": "budesonide", "gout": "allopurinol", "migraine": "sumatriptan", "epilepsy": "lamotrigine"}
CODES = {"asthma": "J45.909", "gout": "M10.9", "migraine": "G43.909", "epilepsy": "G40.909"}


def invented_trials(number: int, first: int = 0) -> tuple[list[Trial], list[int]]:
    """Return trials and how they ended, 1 for success; the same numbers give the same trials."""
    made = [_invented(first + row) for row in range(number)]
    return [trial for trial, _ in made], [label for _, label in made]


def _invented(row: int) -> tuple[Trial, int]:
    draw = random.Random(row)  # noqa: S311 (no secret hangs on it)
    success = draw.random() < 0.55
    stable = success if draw.random() < 0.8 else not success
    disease = draw.choice(list(DRUGS))
    sign = f"Stable {disease} for six months" if stable else f"Refractory {disease} despite two earlier treatments"
    trial = Trial(
        nct_id=f"NCT{99_000_000 + row}",
        phase=Phase.PHASE_1,
        inclusion=(sign, *draw.sample(INCLUSION, 3)),
        exclusion=tuple(draw.sample(EXCLUSION, 3)),
        drugs=(Drug(name=DRUGS[disease]),),
        diseases=(Disease(name=disease, icd10=(CODES[disease],)),),
    )
    return trial, int(success)
