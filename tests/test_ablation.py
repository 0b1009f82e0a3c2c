"""Ablation variants differ from the base and from each other, and are measured on trials that teach nothing."""

import json
from collections import Counter

import numpy as np
import pytest

from cladmop.ablation.runs import SPLIT, Ablation, slug
from cladmop.ablation.tables import ablation_tables
from cladmop.ablation.variants import BASE, NO_FINETUNING, variants
from cladmop.errors import InputError
from cladmop.pipeline import EncodingSettings, NetworkSettings
from cladmop.results import load_rows
from cladmop.storage import read_json
from cladmop.top_data import TopData, read_other_phases, read_top_data
from invented import write_splits

SMALL = {"width": 8, "heads": 2, "centroids": [4, 2], "group_layers": 1, "criteria_width": 8, "head_width": 8}
SIZES = {"text_width": 16, "molecule_width": 8, "disease_vocabulary": 20}
POOLED = "all phases' labels"


@pytest.mark.parametrize("preset", ["default", "paper"])
def test_variants_are_valid_and_distinct(preset):
    from cladmop.model.cladmop import CLaDMoP
    from cladmop.model.config import ModelConfig

    seen = {}
    for name, variant in variants(NetworkSettings(preset=preset)).items():
        settings = variant.settings
        config = ModelConfig.preset(settings.preset, **SIZES, **settings.model)
        if "preset" not in name and preset == "default":
            CLaDMoP(config)
        stages = (settings.pretrain_settings(), settings.finetune_settings(), settings.pretraining)
        what = (config, settings.encoding, stages, variant.pool, variant.labels, variant.score)
        same = [other for other, already in seen.items() if already == what]
        assert same == [], f"{name} is the same as {same}"
        seen[name] = what
    assert next(iter(seen)) == BASE
    assert len({slug(name) for name in seen}) == len(seen), "each has a folder of its own"


def test_the_switches_that_the_method_is_made_of_are_there():
    known = variants(NetworkSettings())
    paper = " ".join(name for name, one in known.items() if one.group == "paper")
    ours = " ".join(name for name, one in known.items() if one.group == "ours")
    for word in ("pre-training", "fine-tuning", "phase split", "fusion", "grouping", "S = 0", "LoRA", "head only"):
        assert word in paper
    for word in ("tokens as units", "published structures", "smollm2", "negatives", "pooling", "match", "paper preset"):
        assert word in ours
    assert {one.group for one in known.values()} == {"base", "paper", "ours"}
    assert all(one.source for one in known.values())


def test_changes_keep_what_the_base_asks_for():
    base = NetworkSettings(
        EncodingSettings("smollm2"), pretrain={"epochs": 3}, finetune={"epochs": 2, "lora": {"rank": 4}}, model=SMALL
    )
    known = variants(base)
    assert "minilm encoder" in known
    assert "smollm2 encoder" not in known
    for name, variant in known.items():
        if "preset" not in name:
            assert variant.settings.pretrain_settings().epochs == 3
            assert variant.settings.finetune_settings().epochs == 2
            assert variant.settings.finetune_settings().lora.rank == 4
            assert variant.settings.model["width"] == 8
    assert known["head only"].settings.finetune_settings().lora.cross is False


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = write_splits(tmp_path_factory.mktemp("top"), sizes=(40, 16, 8))
    return write_splits(top, "II", first=200, sizes=(12, 10, 4))


@pytest.fixture(scope="module")
def data(folder, invented_corpus):
    return read_top_data(folder, "I", invented_corpus)


@pytest.fixture(scope="module")
def base(language_model):
    return NetworkSettings(
        encoding=EncodingSettings(str(language_model)),
        model=SMALL,
        pretrain={"epochs": 2, "learning_rate": 0.03},
        finetune={"epochs": 1},
    )


@pytest.fixture(scope="module", autouse=True)
def _home(tiny_home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLADMOP_HOME", str(tiny_home))
        yield


@pytest.fixture(scope="module")
def measured(data, folder, base, tmp_path_factory):
    """A few variants, on data that hold no test trial."""
    blind = TopData(data.phase, data.train, data.valid, [], data.successes, data.corpus, data.corpus_digest)
    runs = tmp_path_factory.mktemp("runs")
    ablation = Ablation(blind, base, 2, 1, runs, lambda _: None, read_other_phases(folder, "I"))
    only = [BASE, NO_FINETUNING, "phase split", "head only", POOLED, "attention pooling"]
    return ablation, only, ablation.run(only)


def manifests(place):
    return {path.parent.parent.name: read_json(path) for path in place.glob("fold-*/seed-0/training.json")}


def test_every_labelled_trial_is_judged_once_by_networks_that_never_saw_it(measured, data):
    ablation, only, rows = measured
    wanted = {one.outcome.nct_id for one in (*data.train, *data.valid)}
    assert [row.name for row in rows] == only
    scores = [row.scores(SPLIT)[0] for row in rows]
    assert all(set(one) == wanted for one in scores)
    assert len({json.dumps(one) for one in scores}) == len(only)
    assert all(0 < score < 1 for one in scores for score in one.values())
    judged = Counter()
    for part in ablation._parts:
        assert not {*part.judged} & {*part.train, *part.stop}
        assert not {*part.stop} & {*part.train}
        assert set(ablation._labels[part.stop]) == {0, 1}
        judged.update(part.judged.tolist())
        assert len(part.train) + len(part.stop) + len(part.judged) == len(wanted)
    assert set(judged.values()) == {1}
    assert not list(ablation._folder.rglob("test*.csv"))


def test_each_stage_learns_from_what_its_variant_says(measured, data, folder):
    ablation, _, _ = measured
    runs = ablation._folder
    own = {part.place: int(ablation._labels[part.train].sum()) for part in ablation._parts}
    successful = sum(one.group == "successful" for one in data.corpus)
    of_phase = sum(one.group == "successful" and one.trial.phase.group == "I" for one in data.corpus)
    assert of_phase < successful
    assert data.successes
    full, split = (manifests(runs / "pretrained" / name) for name in ("as-is", "phase-split"))
    for place, count in own.items():
        assert full[place]["trials"] + full[place]["held_out"]["trials"] == count + successful + len(data.successes)
        assert split[place]["trials"] + split[place]["held_out"]["trials"] == count + of_phase
    plain, pooled = (manifests(runs / slug(name)) for name in (BASE, POOLED))
    for part in ablation._parts:
        assert plain[part.place]["trials"] == len(part.train)
        assert pooled[part.place]["trials"] == len(part.train) + len(read_other_phases(folder, "I"))
        assert "valid_loss" in plain[part.place]["history"][0]


def test_variants_share_the_pretraining_they_do_not_change(measured):
    places = {path.name for path in (measured[0]._folder / "pretrained").iterdir()}
    assert places == {"as-is", "phase-split", "attention-pooling"}


def test_the_match_is_that_of_pretraining_alone(measured):
    place = measured[0]._folder / slug(NO_FINETUNING)
    assert not list(place.rglob("model.safetensors"))


def test_a_run_resumes(measured, base):
    ablation, only, rows = measured
    weights = {path: path.stat().st_mtime_ns for path in ablation._folder.rglob("model.safetensors")}
    again = ablation.run([BASE, "phase split"])
    assert again[0].scores(SPLIT) == rows[0].scores(SPLIT)
    assert again[1].scores(SPLIT) == rows[only.index("phase split")].scores(SPLIT)
    assert weights == {path: path.stat().st_mtime_ns for path in ablation._folder.rglob("model.safetensors")}
    assert {row.name for row in load_rows(ablation._folder)} == set(only)


def test_ranks_are_of_the_fold_alone(measured):
    ablation, _, rows = measured
    scores = rows[0].scores(SPLIT)[0]
    for part in ablation._parts:
        values = np.array([scores[ablation._ids[row]] for row in part.judged])
        assert values.mean() == pytest.approx(0.5)
        doubled = 2 * len(values) * values
        assert np.allclose(doubled, doubled.round()), "ranks, or the middle of tied ones"


def test_tables_hold_scores_and_differences_by_group(measured, data, base):
    scores, paper, ours = ablation_tables(measured[0]._folder, data, base, n_bootstrap=20)
    order = [name for name in variants(base) if name in measured[1]]
    assert [row[0] for row in scores.rows] == order
    assert [row[0] for row in paper.rows] == [NO_FINETUNING, "phase split", "head only"]
    assert [row[0] for row in ours.rows] == [POOLED, "attention pooling"]
    assert "detectable" in paper.header
    assert "56 labelled trials" in scores.caption


def test_without_the_base_there_are_no_differences(data, base, tmp_path):
    Ablation(data, base, 2, 1, tmp_path, lambda _: None).run(["no pre-training"])
    assert len(ablation_tables(tmp_path, data, base, n_bootstrap=20)) == 1
    assert not (tmp_path / "pretrained").exists()
    for folds, seeds, what in ((3, 1, "folds"), (2, 2, "seeds")):
        with pytest.raises(InputError, match=what):
            Ablation(data, base, folds, seeds, tmp_path, lambda _: None).run(["no pre-training"])


@pytest.mark.parametrize(("name", "match"), [("no coffee", "no coffee.*variants are"), (POOLED, "other phases")])
def test_what_cannot_be_measured_is_refused_before_anything_is_written(data, base, tmp_path, name, match):
    with pytest.raises(InputError, match=match):
        Ablation(data, base, 2, 1, tmp_path / "runs", lambda _: None).run([name])
    assert not (tmp_path / "runs").exists()
