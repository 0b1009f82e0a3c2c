"""Ablation variants differ from the base and from each other, and run."""

import json

import pytest

from cladmop.ablation import BASE, NO_FINETUNING, ablate, variants
from cladmop.errors import InputError
from cladmop.pipeline import EncodingSettings, NetworkSettings
from cladmop.results import load_rows
from cladmop.top_data import TopData, read_top_data
from invented import write_splits

SMALL = {"width": 8, "heads": 2, "centroids": [4, 2], "group_layers": 1, "criteria_width": 8, "head_width": 8}
MAY_BE_THE_BASE = {"1 grouping layer", "2 grouping layers", "3 grouping layers", "S = 0", "S = 2", "plain negatives"}
"""A preset may have what these ask for."""
SIZES = {"text_width": 16, "molecule_width": 8, "disease_vocabulary": 20}


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_variants_are_valid_and_distinct(preset):
    from cladmop.model.cladmop import CLaDMoP
    from cladmop.model.config import ModelConfig

    seen = {}
    for name, settings in variants(NetworkSettings(preset=preset)).items():
        config = ModelConfig.preset(settings.preset, **SIZES, **settings.model)
        if "preset" not in name and preset == "default":
            CLaDMoP(config)
        stages = (settings.pretrain_settings(), settings.finetune_settings())
        what = (config, settings.encoding, settings.pretraining, *stages, name == NO_FINETUNING)
        same = [other for other, already in seen.items() if already == what]
        assert same == [] or (same[0] == BASE and name in MAY_BE_THE_BASE), f"{name} is the same as {same}"
        seen[name] = what
    assert next(iter(seen)) == BASE


def test_the_switches_that_the_method_is_made_of_are_there():
    names = " ".join(variants(NetworkSettings()))
    for word in ("pre-training", "fine-tuning", "fusion", "grouping", "S = 0", "LoRA", "units", "structures"):
        assert word in names


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return read_top_data(write_splits(tmp_path_factory.mktemp("top"), sizes=(40, 16, 8)), "I")


@pytest.fixture
def base(language_model, tiny_home, monkeypatch):
    monkeypatch.setenv("CLADMOP_HOME", str(tiny_home))
    return NetworkSettings(
        encoding=EncodingSettings(str(language_model)), model=SMALL, pretrain={"epochs": 1}, finetune={"epochs": 1}
    )


def test_a_run_keeps_to_validation_and_resumes(data, base, tmp_path):
    blind = TopData(data.phase, data.train, data.valid, [], data.successes)
    only = [BASE, NO_FINETUNING, "no fusion (last layer only)", "tokens as units"]
    said = []
    rows = ablate(blind, base, only, 1, tmp_path, said.append)
    assert [row.name for row in rows] == only
    assert {row.name for row in load_rows(tmp_path)} == set(only)
    scores = [row.scores("valid")[0] for row in rows]
    assert all(set(one) == {str(labelled.trial.nct_id) for labelled in data.valid} for one in scores)
    assert len({json.dumps(one) for one in scores}) == len(only)
    assert not list(tmp_path.rglob("test*.csv"))
    weights = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}
    again = ablate(blind, base, only, 1, tmp_path, said.append)
    assert [row.scores("valid")[0] for row in again] == scores
    assert weights == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("model.safetensors")}


def test_an_unknown_variant_is_refused(data, base, tmp_path):
    with pytest.raises(InputError, match="no coffee"):
        ablate(data, base, ["no coffee"], 1, tmp_path / "runs", lambda _: None)
    assert not (tmp_path / "runs").exists()


def test_other_settings_are_refused(data, base, tmp_path):
    ablate(data, base, ["no pre-training"], 1, tmp_path, lambda _: None)
    with pytest.raises(InputError, match="seeds"):
        ablate(data, base, ["no pre-training"], 2, tmp_path, lambda _: None)
