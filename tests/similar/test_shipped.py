"""The index that ships with the package."""

from importlib import resources
from pathlib import Path

import pytest

from cladmop.corpus.heldout import HeldOut, held_out_rows
from cladmop.records import Phase
from cladmop.similar import PastTrials

FOLDER = Path(str(resources.files("cladmop"))) / "pretrained" / "past"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the shipped index: pretrained/past is not there")


@pytest.fixture(scope="module")
def shipped():
    return PastTrials.open("default")


def test_it_is_small_and_of_known_files(shipped):
    files = list(FOLDER.iterdir())
    assert sum(path.stat().st_size for path in files) < 2_000_000
    assert {path.name for path in files} == {*shipped.manifest["files"], "manifest.json"}
    assert all(path.suffix in {".safetensors", ".parquet", ".json"} for path in files)


def test_it_says_where_it_is_from(shipped):
    assert "ClinicalTrials.gov, processed by the registry on 2023" in shipped.source
    assert sum(shipped.manifest["outcomes"].values()) == shipped.manifest["trials"] == len(shipped) > 3000


def test_no_held_out_trial_is_in_it(shipped):
    held_out = HeldOut()
    assert held_out.numbers > 1000
    assert [number for number in shipped._ids if held_out.has(number)] == []


def test_no_trial_of_tops_validation_and_test_is_in_it(shipped, shared_dir):
    assert not {number for number, _ in held_out_rows(shared_dir / "top")} & set(shipped._ids)


def test_base_rates_add_up(shipped):
    groups = [shipped.base_rates(phase, [], [])[0] for phase in (Phase.PHASE_1, Phase.PHASE_2, Phase.PHASE_3)]
    everything = shipped.base_rates(Phase.NOT_APPLICABLE, [], [])[0]
    assert sum(rate.trials for rate in groups) == everything.trials == len(shipped)
    assert sum(rate.successes for rate in groups) == shipped.manifest["outcomes"]["successful"]
    lung = shipped.base_rates(Phase.PHASE_1, ["C34.90"], [])[1]
    assert "lung" in lung.of
    assert lung.trials >= 20


def test_the_shipped_model_can_ask_it(shipped):
    """By the language model's fingerprint alone: no weights are needed where they are not there."""
    from cladmop.config import weights_dir
    from cladmop.estimator import TrialOutcomeClassifier
    from cladmop.sources.examples import example_trials

    if not (weights_dir() / "minilm").is_dir():
        pytest.skip(f"needs the language model: run `cladmop models get minilm` (no {weights_dir()}/minilm)")
    encoder = TrialOutcomeClassifier.from_pretrained("default").trial_encoder()
    trial = example_trials()[0]
    told = shipped.about(trial, encoder, 5, all_dates=True)
    assert len(told.trials) == 5
    assert trial.nct_id not in {each.nct_id for each in told.trials}
