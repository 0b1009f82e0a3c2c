"""Golden predictions of the shipped model on the bundled examples.

After a change that is meant to move them: ``CLADMOP_REGENERATE=1 pytest tests/test_golden.py``.
"""

import json
import os
from pathlib import Path

import pytest

from cladmop import TrialOutcomeClassifier
from cladmop.errors import CladmopError
from cladmop.sources.examples import example_trials

GOLDEN = Path(__file__).parent / "golden" / "examples.json"
TOLERANCE = 0.005  # single-precision kernels differ between processors


@pytest.fixture(scope="module")
def predictions():
    model = TrialOutcomeClassifier.from_pretrained("default")
    try:
        return model.predict_trials(example_trials())
    except CladmopError as error:
        pytest.skip(f"needs the language model's weights: {error}")


def test_shipped_model_predicts_as_recorded(predictions):
    found = {prediction.trial.title: round(prediction.probability, 4) for prediction in predictions}
    if os.environ.get("CLADMOP_REGENERATE"):
        GOLDEN.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    recorded = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert list(found) == list(recorded)
    assert found == pytest.approx(recorded, abs=TOLERANCE)


def test_examples_are_told_apart(predictions):
    probabilities = [prediction.probability for prediction in predictions]
    assert max(probabilities) - min(probabilities) > 0.1
    assert all(0 < probability < 1 for probability in probabilities)


def test_shipped_folder_is_small_and_names_its_terms():
    import cladmop

    folder = Path(cladmop.__file__).parent / "pretrained" / "default"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10_000_000
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".md"}
    assert "Non-Commercial" in (folder / "README.md").read_text(encoding="utf-8")
