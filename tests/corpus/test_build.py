"""A corpus is built: every record is in one table or dropped with its reason, and a killed build ends the same."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import polars as pl
import pytest

from cladmop.corpus.build import build
from cladmop.corpus.manifest import BuildSettings
from cladmop.corpus.rules import Drop, Group, Rule
from cladmop.corpus.tables import DROPPED, TABLES, read_corpus, read_manifest, read_table
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import CorruptArtefactError, InputError, MissingArtefactError
from cladmop.records import Phase
from invented import write_splits
from invented_registry import study, write_json_source, write_xml_source


def run(sources, out, **settings):
    pairs = [(path, None) for path in sources]
    return build(pairs, out, BuildSettings(**settings), DrugResolver.default(), lambda _: None)


@pytest.fixture(scope="module")
def corpus(registry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    source = write_json_source(folder / "studies.json", registry)
    run([source], folder / "built")
    return folder / "built"


def test_every_record_has_its_fate(corpus):
    reasons = dict(pl.read_parquet(corpus / DROPPED).select("nct_id", "reason").iter_rows())
    fates = {number: reasons.get(f"NCT{90_000_000 + number}") for number in range(1, 21)}
    assert fates == {
        **dict.fromkeys((1, 2, 4, 5, 6, 15, 18, 19)),
        3: Drop.NOT_FINISHED, 7: Drop.NOT_INTERVENTIONAL, 8: Drop.EXPANDED_ACCESS, 9: Drop.OTHER_PHASE,
        10: Drop.NO_DRUG, 11: Drop.NO_CRITERIA, 12: Drop.NOT_FINISHED, 13: Drop.AFTER_CUTOFF, 14: Drop.NO_END,
        16: Drop.UNREADABLE, 17: Drop.NO_DRUG, 20: Drop.UNREADABLE,
    }  # fmt: skip
    kept = {one.outcome.nct_id[-2:]: (one.group, one.rules) for one in read_corpus(corpus)}
    market, progressed, unproven = (Group.SUCCESSFUL, (Rule.MARKET,)), (Rule.PROGRESSION,), (Group.UNPROVEN, ())
    assert kept == {
        "01": market, "02": (Group.SUCCESSFUL, progressed), "04": unproven, "05": (Group.STOPPED, ()),
        "06": (Group.STOPPED, ()), "15": market, "18": market, "19": market,
    }  # fmt: skip


def test_the_funnel_adds_up(corpus):
    manifest = read_manifest(corpus)
    rows = manifest["filters"]
    assert rows[0]["in"] == manifest["sources"][0]["records"] == 20
    assert all(row["in"] - row["dropped"] == row["out"] for row in rows)
    assert all(row["out"] == after["in"] for row, after in pairwise(rows))
    assert rows[-1]["out"] == sum(sum(phases.values()) for phases in manifest["trials"].values()) == 8
    dropped = Counter(pl.read_parquet(corpus / DROPPED)["reason"].to_list())
    assert dropped == {row["rule"]: row["dropped"] for row in rows if row["dropped"]}


def test_inputs_hold_nothing_of_the_outcome(corpus):
    stopped = next(one for one in read_corpus(corpus, [Group.STOPPED]) if one.outcome.why_stopped)
    assert stopped.outcome.why_stopped == "Slow accrual"
    assert not stopped.completed
    told = stopped.trial.model_dump_json().lower()
    assert not any(word in told for word in ("accrual", "terminated", "2005"))
    row = read_table(corpus, "stopped").filter(pl.col("nct_id") == stopped.outcome.nct_id).row(0, named=True)
    assert row["stop_reason"] == "enrolment"


def test_drugs_and_diseases_keep_where_they_come_from(corpus):
    drugs = read_table(corpus, "drugs").filter(pl.col("nct_id") == "NCT90000001")
    assert dict(drugs.select("intervention", "kind").iter_rows()) == {
        "Aspirin 100 mg": "small molecule",
        "Placebo": "placebo or vehicle",
    }
    placebo = drugs.filter(pl.col("kind") == "placebo or vehicle")
    assert placebo["smiles"].to_list() == [None]
    by_term = read_table(corpus, "diseases").filter(pl.col("nct_id") == "NCT90000018")
    assert dict(by_term.select("name", "source").iter_rows()) == {"No such ailment": "none", "Asthma": "mesh"}
    trial = next(one.trial for one in read_corpus(corpus) if one.outcome.nct_id == "NCT90000018")
    assert trial.icd10 == ("J45",)
    assert trial.phase is Phase.PHASE_1_2
    aspirin = next(one.trial for one in read_corpus(corpus) if one.outcome.nct_id == "NCT90000001").drugs[0]
    assert aspirin.smiles == "CC(=O)Oc1ccccc1C(=O)O"


def test_of_two_sources_the_newer_record_is_kept(tmp_path):
    old = write_xml_source(tmp_path / "old.zip", [study(1, version="2020-02-03"), study(2, version="2023-02-03")])
    new = write_json_source(tmp_path / "new.json", [study(1), study(2, title="Same age, second source")])
    manifest = run([old, new], tmp_path / "built")
    assert manifest["trials"]["successful"] == {"II": 2}
    table = read_table(tmp_path / "built", "trials")
    assert dict(table.select("nct_id", "source").iter_rows()) == {"NCT90000001": "new.json", "NCT90000002": "old.zip"}
    dropped = pl.read_parquet(tmp_path / "built" / DROPPED)
    assert set(dropped["reason"]) == {Drop.DUPLICATE}
    assert sorted(dropped["source"]) == ["new.json", "old.zip"]


def test_held_out_trials_and_their_near_duplicates_stay_out(tmp_path):
    from cladmop.sources.tables import read_table as read_rows

    top = write_splits(tmp_path / "top")
    row = read_rows(top / "phase_I_valid.csv", ("nctid", "criteria"))[0]
    known = replace(study(0), nct_id=row["nctid"])
    words = " ".join(f"criterion{number}" for number in range(200))
    long = write_splits(tmp_path / "long")
    path = long / "phase_I_test.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("Inclusion Criteria:", f"Inclusion Criteria: {words}", 1))
    copied = study(5091, criteria=f"{read_rows(path, ('criteria',))[0]['criteria']} and pregnancy")
    source = write_json_source(tmp_path / "studies.json", [known, copied, study(5092)])
    run([source], tmp_path / "built", top=long)
    reasons = dict(pl.read_parquet(tmp_path / "built" / DROPPED).select("nct_id", "reason").iter_rows())
    assert reasons == {row["nctid"]: Drop.HELD_OUT, "NCT90005091": Drop.NEAR_DUPLICATE}


def test_the_same_build_is_not_done_twice_and_gives_the_same_bytes(registry, corpus, tmp_path):
    source = write_json_source(tmp_path / "studies.json", registry)
    first = run([source], tmp_path / "built")
    assert first == read_manifest(corpus)
    stamp = (tmp_path / "built" / "manifest.json").stat().st_mtime_ns
    assert run([source], tmp_path / "built") == first
    assert (tmp_path / "built" / "manifest.json").stat().st_mtime_ns == stamp
    other = run([source], tmp_path / "built", cutoff="2005-01-01")
    assert other["content_sha256"] != first["content_sha256"]
    assert {path.name for path in (tmp_path / "built").iterdir()} == {*TABLES, DROPPED, "manifest.json"}


KILLED = """
import sys
from pathlib import Path
from cladmop.corpus import build as module
from cladmop.corpus.manifest import BuildSettings
from cladmop.drugs.resolve import DrugResolver

def say(text):
    print(text, flush=True)
    if text.startswith(sys.argv[3]):
        import time
        time.sleep(60)

module.build([(Path(p), None) for p in sys.argv[4:]], Path(sys.argv[1]), BuildSettings(cutoff=sys.argv[2]),
             DrugResolver.default(), say)
"""


@pytest.mark.parametrize("moment", ["reading", "resolving", "judging"])
def test_killed_at_any_moment_it_ends_the_same(registry, corpus, tmp_path, moment):
    source = write_json_source(tmp_path / "studies.json", registry)
    out = tmp_path / "built"
    command = [sys.executable, "-c", KILLED, str(out), "2014-01-01", moment, str(source)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(moment):
                time.sleep(0.05)
                process.send_signal(signal.SIGKILL)
                break
    assert not (out / "manifest.json").exists()
    with pytest.raises(MissingArtefactError, match="no finished corpus"):
        read_corpus(out)
    assert run([source], out) == read_manifest(corpus)
    assert not list(out.glob(".*"))


def test_a_corpus_below_a_hidden_folder_is_the_same(registry, corpus, tmp_path):
    source = write_json_source(tmp_path / "studies.json", registry)
    assert run([source], tmp_path / ".hidden" / "built") == read_manifest(corpus)


def test_bad_settings_and_sources_are_one_error(tmp_path):
    with pytest.raises(InputError, match="no source"):
        run([], tmp_path / "out")
    with pytest.raises(InputError, match="cutoff"):
        run([tmp_path / "x"], tmp_path / "out", cutoff="soon")
    with pytest.raises((InputError, MissingArtefactError), match="nowhere"):
        run([tmp_path / "nowhere.zip"], tmp_path / "out")


def test_a_damaged_table_says_so(registry, tmp_path):
    source = write_json_source(tmp_path / "studies.json", registry)
    run([source], tmp_path / "built")
    next((tmp_path / "built" / "trials").glob("*/*.parquet")).write_bytes(b"PAR1 no table")
    with pytest.raises(CorruptArtefactError, match="trials"):
        read_corpus(tmp_path / "built")
    (tmp_path / "built" / "manifest.json").write_text(json.dumps({"kind": "other"}), encoding="utf-8")
    with pytest.raises(CorruptArtefactError, match="manifest"):
        read_manifest(tmp_path / "built")


def test_the_registry_sample_gives_the_corpus_it_should(shared_dir, tmp_path):
    sources = [shared_dir / "ctgov" / name for name in ("AllPublicXML-sample.zip", "ctg-studies.json")]
    manifest = run(sources, tmp_path / "built", top=shared_dir / "top")
    successful = read_table(tmp_path / "built", "trials")
    assert successful.height == successful["nct_id"].n_unique() >= 1500
    assert (successful["inclusion"].list.len() + successful["exclusion"].list.len()).min() >= 1
    drugs = read_table(tmp_path / "built", "drugs")
    assert set(successful["nct_id"]) <= set(drugs["nct_id"])
    resolution = manifest["resolution"]
    assert resolution["of those, with one"] >= 0.8 * resolution["trials that need a structure"]
    assert manifest["filters"][0]["in"] == 6168
    kept = sum(sum(phases.values()) for phases in manifest["trials"].values())
    assert pl.read_parquet(tmp_path / "built" / DROPPED).height + kept == 6168
