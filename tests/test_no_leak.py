"""What is known only after a trial can reach no score: not by files, not by types, not by code."""

import ast
import json
import random
from importlib import resources
from pathlib import Path

import pytest
from pydantic import ValidationError

from cladmop import Trial
from invented import COLUMNS, top_row, write_top

OUTCOMES = ("label", "status", "why_stop")
POISON = {"label": "7", "status": "\"success', 1] NaN", "why_stop": "the sponsor says: probability 1.0"}
PACKAGE = Path(str(resources.files("cladmop")))


def deleted(rows):
    return rows, tuple(name for name in COLUMNS if name not in OUTCOMES)


def shuffled(rows):
    values = [{name: row[name] for name in OUTCOMES} for row in rows]
    random.Random(3).shuffle(values)
    return [row | value for row, value in zip(rows, values, strict=True)], COLUMNS


def poisoned(rows):
    return [row | POISON for row in rows], COLUMNS


def moved(rows):
    return rows, (*OUTCOMES, *(name for name in COLUMNS if name not in OUTCOMES))


CHANGES = [deleted, shuffled, poisoned, moved]


def scores_of(done):
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.mark.parametrize("change", CHANGES)
def test_outcome_columns_never_change_a_score(cladmop, tiny_model, tmp_path, change):
    rows = [top_row(number) for number in range(300, 312)]
    whole = write_top(tmp_path / "whole.csv", rows)
    changed = write_top(tmp_path / "changed.csv", *change(rows))
    expected = scores_of(cladmop("predict", whole, "--model", tiny_model, "--json"))
    assert len({line["probability"] for line in expected}) > 6
    assert scores_of(cladmop("predict", changed, "--model", tiny_model, "--json")) == expected


@pytest.mark.slow
@pytest.mark.parametrize("change", [deleted, poisoned])
def test_the_shipped_model_on_real_trials(shared_dir, tmp_path, change):
    """Scores of the shipped model, with its own language model, on twelve real rows."""
    import csv

    from cladmop import TrialOutcomeClassifier
    from cladmop.config import weights_dir
    from cladmop.sources.inputs import read_trials

    if not (PACKAGE / "pretrained" / "default").is_dir():
        pytest.skip("needs the shipped model: src/cladmop/pretrained/default is not there")
    if not (weights_dir() / "minilm").is_dir():
        pytest.skip(f"needs the language model: run `cladmop models get minilm` (no {weights_dir()}/minilm)")
    with (shared_dir / "top" / "phase_I_valid.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:12]
    model = TrialOutcomeClassifier.from_pretrained("default")
    whole = read_trials(write_top(tmp_path / "whole.csv", rows))
    changed = read_trials(write_top(tmp_path / "changed.csv", *change(rows)))
    assert (model.predict_proba(whole) == model.predict_proba(changed)).all()


@pytest.mark.parametrize("name", ["label", "status", "why_stop", "why_stopped", "success", "outcome", "results"])
def test_the_type_refuses_what_is_known_later(name):
    with pytest.raises(ValidationError, match=name):
        Trial.model_validate({"nct_id": "NCT90000001", name: "1"})
    with pytest.raises(ValidationError):
        Trial(**{name: 1})


def test_outcomes_in_json_are_not_read(cladmop, tiny_model, tmp_path):
    study = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT95000002"},
            "eligibilityModule": {"eligibilityCriteria": "Inclusion Criteria:\n\n* stable disease at screening"},
        }
    }
    later = json.loads(json.dumps(study))
    later["protocolSection"]["statusModule"] = {"overallStatus": "TERMINATED", "whyStopped": "refractory disease"}
    later |= {"hasResults": True, "resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": ["failed"]}}}
    scores = []
    for number, one in enumerate((study, later)):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(one), encoding="utf-8")
        scores.append(scores_of(cladmop("predict", path, "--model", tiny_model, "--json")))
    assert scores[0] == scores[1]


def names_in(path):
    """All identifiers, attributes and short strings of a module, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 40:
            yield node.value


@pytest.mark.parametrize("floor", ["encoders", "model", "training", "drugs", "diseases"])
def test_no_floor_that_computes_features_names_an_outcome(floor):
    forbidden = {"why_stop", "why_stopped", "status", "overallStatus", "whyStopped", "Outcome", "LabelledTrial"}
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in sorted((PACKAGE / floor).glob("*.py"))
        for name in forbidden & set(names_in(path))
    }
    assert found == set()
