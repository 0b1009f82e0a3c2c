"""The checks of explanations as tables."""

from collections.abc import Iterator

from cladmop.benchmark.explanations import (
    GUIDED,
    HEADLINE,
    LEAST_ITEMS,
    LONGEST,
    RANDOM,
    SHARES,
    ExplanationChecks,
    Moved,
)
from cladmop.evaluation.tables import Table

_NOTE = (
    "Mean over trials of the absolute change of the calibrated log-odds [95% bootstrap interval over trials]. "
    "Contributors first: the criteria whose single removal pulls the score back most from where it leans (above or "
    "below the base rate of the phase). Random: the same number, mean over drawn orders. Times: contributors over "
    "random. Beyond the criteria that pull one way, the rest pull back: the curve may pass its end."
)


def explanation_tables(checks: ExplanationChecks, name: str) -> Iterator[Table]:
    """Yield the headline, the deletion and the insertion curve of trials called ``name``."""
    yield _headline(checks, name)
    yield _curve(checks, checks.deletion, f"{name}: criteria taken out")
    yield _curve(checks, checks.insertion, f"{name}: criteria put in, from none")


def _headline(checks: ExplanationChecks, name: str) -> Table:
    rows = [
        (f"{step} of the top {HEADLINE:.0%} against {over}, times", checks.ratio(moved, HEADLINE, over).text(2))
        for step, moved in (("deletion", checks.deletion), ("insertion", checks.insertion))
        for over in (RANDOM, LONGEST)
    ]
    rows += [
        ("rank correlation with shuffled weights", checks.mean(checks.signed).text()),
        ("the same of absolute contributions", checks.mean(checks.unsigned).text()),
    ]
    note = (
        f"{checks.trials} trials with {LEAST_ITEMS} criteria or more; 95% bootstrap intervals over trials. The first "
        "correlation is near zero where contributions come from what the model learned. Absolute ones are not expected "
        "to be: a long or unusual criterion moves any model."
    )
    return Table(f"{name}: do explanations point at what moves the score?", ("check", "value"), tuple(rows), note)


def _curve(checks: ExplanationChecks, moved: Moved, caption: str) -> Table:
    rows = tuple(
        (
            f"{share:.0%}",
            *(checks.mean(moved[order][:, place]).text() for order in (GUIDED, LONGEST, RANDOM)),
            checks.ratio(moved, share).text(2),
        )
        for place, share in enumerate(SHARES)
    )
    return Table(caption, ("share", GUIDED, LONGEST, RANDOM, "times"), rows, _NOTE)
