"""Eligibility text in both dialects, and that no word of it is lost."""

import csv
import json
import re
import sys
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cladmop.records import Trial
from cladmop.records.criteria import Part, Segment, parse_criteria, segments

LEGACY = """
        DISEASE CHARACTERISTICS:

        Key Inclusion Criteria:

          -  Platelets at least 100,000 per cubic
             millimetre, or
             70. percent of normal

               -  Higher counts
                  are welcome

          9. Karnofsky of at least 70

         10. Consent

        Exclusion Criteria:

          1. Infection with E. coli

          a. Pregnancy

        PATIENT CHARACTERISTICS: Age: 18 and over
      """

MARKDOWN = r"""Inclusion Criteria:

* Age \>= 18
* Adequate function:

  * Creatinine \<1.5 \[mg/dL\]
  * Bilirubin 10\^9
* C. difficile infection

Exclusion Criteria:

1. Pregnancy
2. Prior \*any\* therapy

    * within 4 weeks
"""


def letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def test_legacy_text_is_unwrapped_and_split_by_side() -> None:
    criteria = parse_criteria(LEGACY)
    assert criteria.inclusion == (
        "DISEASE CHARACTERISTICS:",
        "Platelets at least 100,000 per cubic millimetre, or 70. percent of normal",
        "Higher counts are welcome",
        "Karnofsky of at least 70",
        "Consent",
        "PATIENT CHARACTERISTICS:",
        "Age: 18 and over",
    )
    assert criteria.exclusion == ("Infection with E. coli", "Pregnancy")
    assert parse_criteria(LEGACY.replace("\n", "\r\n")) == criteria


def test_markdown_is_unescaped_and_split_by_side() -> None:
    criteria = parse_criteria(MARKDOWN)
    assert criteria.inclusion == (
        "Age >= 18",
        "Adequate function:",
        "Creatinine <1.5 [mg/dL]",
        "Bilirubin 10^9",
        "C. difficile infection",
    )
    assert criteria.exclusion == ("Pregnancy", "Prior *any* therapy", "within 4 weeks")


@pytest.mark.parametrize(
    "heading",
    [
        "Exclusion Criteria:",
        "Key Exclusion Criteria",
        "-  EXCLUSION CRITERIA:",
        "EXCLUSION_CRITERIA",
        "Part A exclusion:",
        "Non-inclusion criteria:",
        "**Exclusion Criteria:**",
        "## Exclusion Criteria",
        "Exclusion Criteria :",
        "Exclusion criteria include:",
        "Criteria for exclusion:",
        "Ineligible if:",
    ],
)
def test_bare_headings_switch_side_and_are_no_items(heading: str) -> None:
    criteria = parse_criteria(f"- adults\n\n{heading}\n\n- asthma\n- gout\n")
    assert criteria.inclusion == ("adults",)
    assert criteria.exclusion == ("asthma", "gout")


@pytest.mark.parametrize(
    "heading",
    [
        "Exclusion criteria for women:",
        "SPECIFIC EXCLUSION CRITERIA FOR NORMAL CONTROLS",
        "Laboratory Exclusion Criteria (at Screening)",
        "You will not be eligible for this study if you:",
        "Patients meeting any of the following exclusion criteria are not to be enrolled:",
    ],
)
def test_headings_that_say_more_switch_side_and_stay(heading: str) -> None:
    assert parse_criteria(f"- adults\n\n{heading}\n\n- asthma").exclusion == (heading, "asthma")


@pytest.mark.parametrize(
    "item",
    [
        "Other protocol-defined inclusion/exclusion criteria may apply.",
        "Failure to meet exclusion criteria",
        "Ineligible for a higher priority protocol",
        "Inclusion of women and minorities is encouraged",
        "Pregnancy is not a criterion for exclusion.",
        "Patients with prior surgery are not excluded:",
    ],
)
def test_sentences_about_criteria_are_items_of_their_side(item: str) -> None:
    assert parse_criteria(f"- adults\n- {item}\n- consent").inclusion == ("adults", item, "consent")


def test_alternating_parts_are_gathered_by_side() -> None:
    text = "Part A inclusion:\n- a\n\nPart A exclusion:\n- b\n\nPart B inclusion: c\n\nPart B exclusion:\n- d"
    criteria = parse_criteria(text)
    assert (criteria.inclusion, criteria.exclusion) == (("a", "c"), ("b", "d"))


def test_mixed_heading_and_no_heading_are_inclusion() -> None:
    assert parse_criteria("Inclusion and exclusion criteria:\n* adults").inclusion == ("adults",)
    assert parse_criteria("adults only").inclusion == ("adults only",)


def test_excluded_holds_for_the_list_below_it_only() -> None:
    criteria = parse_criteria(
        "Inclusion Criteria:\n\nPrior medication:\n\nThe following are excluded:\n\n- steroids\n\nAllowed:\n\n- aspirin"
    )
    assert criteria.inclusion == ("Prior medication:", "Allowed:", "aspirin")
    assert criteria.exclusion == ("The following are excluded:", "steroids")


def test_headings_inside_a_line() -> None:
    criteria = parse_criteria("Inclusion Criteria: - men over fifty years of age. Exclusion Criteria: 1. asthma")
    assert (criteria.inclusion, criteria.exclusion) == (("men over fifty years of age.",), ("asthma",))
    criteria = parse_criteria("Inclusion: men. Exclusion: women.")
    assert (criteria.inclusion, criteria.exclusion) == (("men.",), ("women.",))


def test_wrapped_paragraph_without_indent_is_joined() -> None:
    words = [f"word{number:02d}" for number in range(60)]
    lines = [" ".join(words[start : start + 10]) for start in range(0, 60, 10)]
    assert parse_criteria("Inclusion criteria:\n" + "\n".join(lines)).inclusion == (" ".join(words),)


@pytest.mark.parametrize(
    "text", ["", " \n\r\n\t", "Inclusion Criteria:\n\n-\n\nExclusion Criteria:\n\n-\n", "-----\n***"]
)
def test_text_without_words_has_no_items(text: str) -> None:
    assert parse_criteria(text).inclusion == parse_criteria(text).exclusion == ()


PHRASES = st.sampled_from(
    [
        "Inclusion Criteria:", "Exclusion Criteria", "Key Exclusion criteria - ", "PATIENT CHARACTERISTICS: Age", "a.",
        "are excluded:", "-  ", "* ", "1. ", "10) ", "2.", "o ", "(3) ", "E. coli", r"12\. ", r"\>", "\\", "adults",
        "not eligible if", "Inclusion/Exclusion Criteria:", "Part B", " ", "\n", "\n\n", "\r\n", "\n        ", "\n  ",
        "70.", "1.5 mg", "ii. ", "V.", "Non-inclusion criteria:", "_", "for women:", ". ", "; ", "naïve", "≥ 9",
        "\u00a0",
    ]
)  # fmt: skip
MARKER = re.compile(r"(?:[-*•·▪■●◦‣∙\u2013\u2014\s()]|\\?[.)]|\d{1,3}(?![^\W\d])|\b(?:[a-zA-Z]|[ivxIVX]{2,5})\b)*")
HEADING_WORD = re.compile(
    r"key|main|the|other|specific|part|phase|[a-z\d]{1,3}|non|(?:non)?i?(?:inclusion|exclusion)s?|criteri\w+|not|"
    r"eligible|ineligible|includes?",
    re.IGNORECASE,
)


def dropped_is_allowed(segment: Segment) -> bool:
    if segment.part is Part.MARKER:
        return MARKER.fullmatch(segment.text) is not None and len(letters(segment.text)) <= 12
    words = re.findall(r"[^\W_]+", segment.text)
    sided = any(re.search("clusion|eligible", word, re.IGNORECASE) for word in words)
    return sided and all(HEADING_WORD.fullmatch(word) for word in words)


@given(st.one_of(st.lists(PHRASES, max_size=30).map("".join), st.text(max_size=200)))
@example("- 1. Exclusion Criteria: 2. adults")
def test_every_letter_comes_out_once_and_in_order(text: str) -> None:
    found = list(segments(text))
    assert letters("".join(segment.text for segment in found)) == letters(text)
    assert all(dropped_is_allowed(segment) for segment in found if segment.part is not Part.ITEM)
    criteria = parse_criteria(text)
    items = [segment.text for segment in found if segment.part is Part.ITEM and letters(segment.text)]
    assert sorted(items) == sorted(criteria.inclusion + criteria.exclusion)


ITEM = st.lists(st.from_regex(r"[A-Z]?[a-z]{3,9}", fullmatch=True), min_size=2, max_size=30).map(" ".join)
SIDES = st.lists(ITEM.filter(lambda item: not re.search("clu|eligib|criteri", item, re.IGNORECASE)), max_size=6)


def as_legacy(heading: str, items: list[str]) -> str:
    lines = [f"        {heading}:", ""]
    for item in items:
        words = item.split()
        rows = [" ".join(words[start : start + 4]) for start in range(0, len(words), 4)]
        lines += ["          -  " + "\n             ".join(rows), ""]
    return "\n".join(lines)


def as_markdown(heading: str, items: list[str]) -> str:
    return "\n".join([f"{heading}:", "", *(f"* {item}" for item in items), ""])


@pytest.mark.parametrize("write", [as_legacy, as_markdown])
@given(inclusion=SIDES, exclusion=SIDES)
def test_written_items_are_read_back(write, inclusion, exclusion) -> None:
    text = write("Inclusion Criteria", inclusion) + "\n" + write("Exclusion Criteria", exclusion)
    criteria = parse_criteria(text)
    assert (list(criteria.inclusion), list(criteria.exclusion)) == (inclusion, exclusion)


@given(inclusion=SIDES, exclusion=SIDES)
def test_criteria_text_of_a_trial_is_read_back(inclusion, exclusion) -> None:
    trial = Trial(inclusion=tuple(inclusion), exclusion=tuple(exclusion))
    criteria = parse_criteria(trial.criteria_text())
    assert (criteria.inclusion, criteria.exclusion) == (trial.inclusion, trial.exclusion)


@pytest.mark.parametrize(
    "unit",
    [
        "word ",
        "- item of a list\n",
        "Inclusion Criteria: ",
        "1. ",
        "eligible ",
        "\\",
        "((1",
        " ",
        "\n",
        "a, b: ",
        "i) ",
    ],
)
def test_two_megabytes_parse_in_seconds(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    started = time.perf_counter()
    parse_criteria(text)
    assert time.perf_counter() - started < 10


def test_real_texts_lose_no_letter_and_are_stable(shared_dir) -> None:
    csv.field_size_limit(sys.maxsize)
    texts = []
    for name in ("phase_I_train", "phase_III_valid"):
        with (shared_dir / "top" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            texts += [row["criteria"] for row in csv.DictReader(stream)]
    studies = json.loads((shared_dir / "ctgov" / "ctg-studies.json").read_text(encoding="utf-8"))
    texts += [s["protocolSection"]["eligibilityModule"].get("eligibilityCriteria", "") for s in studies]
    unstable = 0
    for text in texts:
        found = list(segments(text))
        assert letters("".join(segment.text for segment in found)) == letters(text)
        criteria = parse_criteria(text)
        trial = Trial(inclusion=criteria.inclusion, exclusion=criteria.exclusion)
        again = parse_criteria(trial.criteria_text())
        unstable += (again.inclusion, again.exclusion) != (trial.inclusion, trial.exclusion)
        if re.search(r"^\W*exclusion criteria:?\s*$(?=[\s\S]*\w)", text, re.IGNORECASE | re.MULTILINE):
            assert criteria.exclusion or not re.search(r"exclusion criteria[\s:]*\w", text, re.IGNORECASE)
    assert unstable <= len(texts) * 0.005
