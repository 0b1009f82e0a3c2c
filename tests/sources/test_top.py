"""TOP's CSV format, its traps, and its download."""

import csv
import random
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError, NetworkError
from cladmop.records import Disease, Drug, Phase
from cladmop.sources import top

COLUMNS = ("nctid", "status", "why_stop", "label", "phase", "diseases", "icdcodes", "drugs", "smiless", "criteria")
ROW = {
    "nctid": "NCT00000001",
    "status": "terminated",
    "why_stop": "\n  slow\n  accrual ",
    "label": "0",
    "phase": "phase 1/phase 2",
    "diseases": "['asthma', \"crohn's disease\"]",
    "icdcodes": "[\"['J45.20', 'J45.30']\", \"['K50.90']\"]",
    "drugs": "['drug a', 'placebo']",
    "smiless": "['CCO']",
    "criteria": "\n        Inclusion Criteria:\n\n          -  adults\n\n        Exclusion:\n\n          -  gout\n",
}


@pytest.fixture
def write(tmp_path):
    def write(*rows, columns=COLUMNS, name="phase_I_train.csv"):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(ROW | row for row in rows)
        return path

    return write


def test_a_row_becomes_a_trial_and_its_outcome(write) -> None:
    (labelled,) = top.read_top(write({}))
    trial = labelled.trial
    assert trial.nct_id == "NCT00000001"
    assert trial.phase is Phase.PHASE_1_2
    assert (trial.inclusion, trial.exclusion) == (("adults",), ("gout",))
    assert trial.drugs == (Drug(name="drug a"), Drug(name="placebo"))
    assert trial.published_smiles == ("CCO",)
    assert trial.diseases == (
        Disease(name="asthma", icd10=("J45.20", "J45.30")),
        Disease(name="crohn's disease", icd10=("K50.90",)),
    )
    assert trial.icd10 == ()
    assert labelled.success == 0
    assert (labelled.outcome.status, labelled.outcome.why_stopped) == ("terminated", "slow accrual")


def test_codes_of_another_length_belong_to_the_trial(write) -> None:
    (trial,) = top.read_top_trials(write({"icdcodes": "[\"['J45.20', 'K50.90']\", \"['K50.90']\", '[]']"}))
    assert [disease.icd10 for disease in trial.diseases] == [(), ()]
    assert trial.icd10 == ("J45.20", "K50.90")


def test_trials_are_the_same_whatever_the_outcome_columns_hold(write) -> None:
    full = top.read_top_trials(write({}))
    assert top.read_top_trials(write({"label": "??", "status": "x", "why_stop": "y"})) == full
    columns = list(top.TRIAL_COLUMNS)
    random.Random(1).shuffle(columns)
    assert top.read_top_trials(write({}, columns=columns)) == full


def test_real_trials_do_not_depend_on_outcome_columns(shared_dir, tmp_path) -> None:
    source = shared_dir / "top" / "phase_I_valid.csv"
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    shuffled = [row["label"] for row in rows]
    random.Random(0).shuffle(shuffled)
    bare, mixed = tmp_path / "bare.csv", tmp_path / "mixed.csv"
    for path, columns in ((bare, top.TRIAL_COLUMNS), (mixed, ("label", *reversed(top.TRIAL_COLUMNS), "status"))):
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row | {"label": label} for row, label in zip(rows, shuffled, strict=True))
    trials = [labelled.trial for labelled in top.read_top(source)]
    assert trials == top.read_top_trials(bare) == top.read_top_trials(mixed)


@pytest.mark.parametrize(
    ("split", "rows", "rate"),
    [
        (("I", "train"), 1044, 0.567),
        (("I", "valid"), 117, 0.573),
        (("II", "valid"), 446, 0.466),
        (("III", "valid"), 344, 0.666),
    ],
)
def test_real_splits_have_the_published_rows_and_base_rates(shared_dir, split, rows, rate) -> None:
    trials = top.read_split(shared_dir / "top", *split)
    assert len(trials) == rows == top.ROWS[split]
    assert sum(labelled.success for labelled in trials) / rows == pytest.approx(rate, abs=5e-4)
    assert all(labelled.trial.criteria and labelled.trial.drugs for labelled in trials)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nctid": "NCT1"}, r":2, column nctid: 'NCT1' is not an NCT id"),
        ({"nctid": ""}, "column nctid: no NCT id"),
        ({"label": "2"}, "column label: '2' is not a label"),
        ({"phase": "phase 7"}, "column phase: 'phase 7' is not a phase"),
        ({"drugs": "['a', 'b'"}, "column drugs: .* is not a list of texts"),
        ({"drugs": "'abc'"}, "column drugs"),
        ({"smiless": "[1]"}, "column smiless"),
        ({"icdcodes": "['J45']"}, "column icdcodes: 'J45' is not a list"),
        ({"diseases": "[" * 5000}, "column diseases"),
        ({"diseases": "__import__('os')"}, "column diseases"),
    ],
)
def test_bad_cells_are_refused_with_their_place(write, change, message) -> None:
    with pytest.raises(InputError, match=message):
        top.read_top(write(change))


def test_label_column_is_needed_for_outcomes_only(write) -> None:
    path = write({}, columns=top.TRIAL_COLUMNS)
    assert len(top.read_top_trials(path)) == 1
    with pytest.raises(InputError, match="no column label"):
        top.read_top(path)


def test_rows_hold_outcomes_only_where_they_are_asked_for(write) -> None:
    path = write({"label": "1"})
    (full,) = top.read_rows(path)
    assert (full["nctid"], full["label"], full["status"]) == (ROW["nctid"], "1", "terminated")
    assert full["drugs"] == ROW["drugs"], "as it stands"
    (blind,) = top.read_rows(path, outcomes=False)
    assert set(blind.values) == set(top.TRIAL_COLUMNS)


def test_splits_are_unique_and_named(write, tmp_path) -> None:
    write({}, {"nctid": "NCT00000002", "label": "1"}, {"label": "1"})
    trials = top.read_split(tmp_path, "I", "train")
    assert [(labelled.outcome.nct_id, labelled.success) for labelled in trials] == [
        ("NCT00000001", 0),
        ("NCT00000002", 1),
    ]
    assert top.read_labels(tmp_path, "I", "train") == {"NCT00000001": 0, "NCT00000002": 1}
    assert top.read_labels(tmp_path / "phase_I_train.csv") == {"NCT00000001": 0, "NCT00000002": 1}
    with pytest.raises(MissingArtefactError, match="phase_II_train"):
        top.read_split(tmp_path, "II", "train")
    with pytest.raises(InputError, match="phase 'IV'"):
        top.split_path(tmp_path, "IV", "train")
    with pytest.raises(InputError, match="split 'dev'"):
        top.split_path(tmp_path, "I", "dev")


def test_present_splits_are_listed_in_order(write, tmp_path) -> None:
    with pytest.raises(MissingArtefactError, match="cladmop top download"):
        top.present_splits(tmp_path)
    for name in ("phase_III_valid.csv", "phase_I_train.csv", "phase_I_test.csv"):
        write({}, name=name)
    assert top.present_splits(tmp_path) == [("I", "train"), ("I", "test"), ("III", "valid")]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(write, tmp_path, monkeypatch):
    """A server of nine small files, whose row counts stand in for the published ones."""
    monkeypatch.delenv("CLADMOP_OFFLINE", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    counts = {}
    for number, (phase, split) in enumerate(top.ROWS, start=1):
        write(*({"nctid": f"NCT{row:08d}"} for row in range(number)), name=f"phase_{phase}_{split}.csv")
        counts[phase, split] = None if (phase, split) == ("III", "train") else number
    monkeypatch.setattr(top, "ROWS", counts)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_download_fetches_nine_files_and_counts_their_rows(site, tmp_path) -> None:
    folder = tmp_path / "new" / "top"
    said: list[str] = []
    paths = top.download_top(folder, site, on_unverified=said.append)
    assert sorted(path.name for path in paths) == sorted(path.name for path in folder.iterdir())
    assert len(paths) == 9
    assert len(said) == 1
    assert said[0].startswith("phase_III_train.csv: 7 rows; its published number")
    stamps = [path.stat().st_mtime_ns for path in paths]
    paths[0].write_bytes(paths[0].read_bytes()[:-20])
    assert top.download_top(folder, site) == paths
    assert len(top.read_top(paths[0])) == 1
    assert [path.stat().st_mtime_ns for path in paths[1:]] == stamps[1:]


def test_download_refuses_a_file_with_other_rows(site, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(top.ROWS, ("I", "train"), 99)
    with pytest.raises(CorruptArtefactError, match="1 rows; expected 99"):
        top.download_top(tmp_path / "new", site)
    assert list((tmp_path / "new").iterdir()) == []


def test_download_from_a_wrong_address(site, tmp_path) -> None:
    with pytest.raises(NetworkError, match="404"):
        top.download_top(tmp_path / "new", site + "nowhere")


def test_terms_name_the_publisher_and_the_limit() -> None:
    assert "Non-Commercial Use only" in top.TERMS
    assert "futianfan/clinical-trial-outcome-prediction" in top.TERMS
