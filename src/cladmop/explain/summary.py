"""An explanation in plain words, put together by rule from its figures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cladmop.explain.left_out import SIDES

if TYPE_CHECKING:
    from cladmop.explain.explanation import Contribution, Explanation

SHOWN = 3
"""Contributors named on either side at most."""
CHANCE = 0.1
"""Share of parts without any influence whose 90% interval leaves out 0."""
_QUOTED = 70  # characters of a criterion
NOTE = "These are associations in past trials, not causes."


def summarise(explanation: "Explanation") -> str:
    """Return a few sentences: score beside base rate, what raises and lowers it, what is absent, and what it is not."""
    sentences = [
        _score(explanation),
        *_drivers(explanation.contributions),
        *_structures(explanation),
        *(f"{remark[:1].upper()}{remark[1:]}." for remark in explanation.remarks),
        NOTE,
    ]
    return " ".join(sentences)


def quoted(text: str) -> str:
    """Return a text in quotation marks, cut at a word to about 70 characters."""
    line = " ".join(text.split())
    if len(line) > _QUOTED:
        cut = line[:_QUOTED]
        line = f"{cut[: cut.rfind(' ')] if ' ' in cut else cut} ..."
    return f'"{line}"'


def named(contribution: "Contribution") -> str:
    """Return what a contribution is of: ``inclusion 3 "Age 18 or older"`` or ``the drug aspirin``."""
    part = contribution.part
    return f"{part.kind} {part.item} {quoted(part.text)}" if part.kind in SIDES else f"the {part.kind} {part.text}"


def _score(explanation: "Explanation") -> str:
    base = explanation.base_rate
    where = "" if base.group == "all" else f"phase {base.group} "
    return (
        f"The probability of success is {explanation.probability:.2f}; of the {base.trials:,} {where}trials that the "
        f"model learned from, a share of {base.rate:.2f} succeeded."
    )


def _drivers(contributions: Sequence["Contribution"]) -> list[str]:
    if not contributions:
        return ["There is no part to leave out."]
    sure = [one for one in contributions if one.sure]
    if not sure:
        parts = (
            "Its only part is not sure to"
            if len(contributions) == 1
            else f"None of its {len(contributions)} parts is sure to"
        )
        return [f"{parts} move the score further than another sample of training trials might have."]
    raising = sorted((one for one in sure if one.points > 0), key=lambda one: -one.points)
    lowering = sorted((one for one in sure if one.points < 0), key=lambda one: one.points)
    listed = [_list("Most raised by", raising), _list("Most lowered by", lowering)]
    number, chance = len(contributions), len(contributions) * CHANCE
    counted = f"{len(sure)} of its {number} parts have a sure sign, where about {chance:.1f} would by chance alone."
    return [*filter(None, listed), counted]


def _list(words: str, contributions: Sequence["Contribution"]) -> str:
    if not contributions:
        return ""
    shown = (
        f"{named(one)} ({100 * one.points:+.1f} points, 90% interval {100 * one.low:+.1f} to {100 * one.high:+.1f})"
        for one in contributions[:SHOWN]
    )
    return f"{words} {'; '.join(shown)}."


def _structures(explanation: "Explanation") -> list[str]:
    if not any(one.part.kind == "drug" for one in explanation.contributions):
        return []
    if not explanation.network_weight:
        return ["This model does not read structures."]
    if not explanation.largest_atom:
        return []
    share = f"only the networks read them, a share of {explanation.network_weight:.2f} of the blend"
    return [f"Structures count little: {share}, and no atom moves the log-odds by over {explanation.largest_atom:.3f}."]
