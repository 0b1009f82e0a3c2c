import json

import numpy as np
import pytest
from typer.testing import CliRunner

from cladmop import Phase, Trial
from cladmop.benchmark.trust import Judged, calibration_table, domain_table, record, sets_table
from cladmop.cli.app import app
from cladmop.estimator.conformal import OutcomeSet
from cladmop.estimator.domain import Domain
from cladmop.estimator.prediction import BaseRate, Prediction

BOTH = ("failure", "success")


@pytest.fixture
def judged():
    random = np.random.default_rng(0)
    probabilities = random.uniform(0.1, 0.9, size=120)
    labels = (random.random(120) < probabilities).astype(np.int64)
    predictions = [
        Prediction(
            trial=Trial(phase=Phase.PHASE_1),
            probability=float(probability),
            interval=None,
            sets=(OutcomeSet(0.8, (BOTH[int(probability > 0.5)],)), OutcomeSet(0.9, BOTH)),
            domain=Domain(1.0 + row / 100, 50.0, outside=row >= 110),
            base_rate=BaseRate("I", 0.5, 10),
            drugs=(),
            diseases=(),
            warnings=(),
        )
        for row, probability in enumerate(probabilities)
    ]
    return Judged(predictions, np.clip(probabilities**3, 0.001, 0.999), labels, 0.5)


def test_calibration_is_told_before_and_after(judged):
    rows = {row[0]: row[1:] for row in calibration_table(judged, "test").rows}
    assert float(rows["after calibration"][2].split()[0]) < float(rows["before calibration"][2].split()[0])
    assert float(rows["after calibration"][0].split()[0]) < float(rows["before calibration"][0].split()[0])


def test_sets_are_counted(judged):
    eighty, ninety = sets_table(judged, "test").rows
    right = np.mean((judged.probabilities > 0.5) == judged.labels)
    assert eighty[0] == "80%"
    assert eighty[1].startswith(f"{right:.3f}".lstrip("0"))
    assert eighty[2:] == ("100%", f"{right:.0%}")
    assert ninety[1].startswith("1.000")
    assert ninety[2:] == ("0%", "none decided")


def test_domain_splits_all_trials(judged):
    counts = {row[0]: int(row[1]) for row in domain_table(judged, "test").rows}
    assert counts["inside"] + counts["outside (flagged)"] == counts["all"] == 120
    assert counts["outside (flagged)"] == 10
    assert counts["nearest third"] + counts["middle third"] + counts["farthest third"] == 120


def test_figures_are_kept_as_json(judged):
    kept = json.loads(json.dumps(record(judged, "test", "command")))
    assert kept["trials"] == 120
    assert kept["ece"]["after"]["value"] < kept["ece"]["before"]["value"]
    assert [one["level"] for one in kept["coverage"]] == [0.8, 0.9]


def test_command_stores_what_the_page_shows(tiny_model, tiny_home, tmp_path, monkeypatch):
    from invented import top_row, write_top

    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))
    write_top(tmp_path / "phase_I_test.csv", [top_row(number) for number in range(30)])
    store = tmp_path / "tested.json"
    result = CliRunner().invoke(
        app, ["benchmark", "trust", "--data", str(tmp_path), "--model", str(tiny_model), "--store", str(store)]
    )
    assert result.exit_code == 0, result.output
    assert "outcome sets" in result.output
    assert json.loads(store.read_text())["trials"] == 30


def test_shipped_model_holds_what_the_test_split_said():
    from cladmop import TrialOutcomeClassifier

    kept = TrialOutcomeClassifier.from_pretrained("default").tested_
    assert kept["data"] == "TOP phase I test"
    assert kept["trials"] == 627
    assert 0.8 < kept["coverage"][1]["covered"] < 1
