"""What people may hand to the prediction command, and what is refused with a clear line."""

import json

import pytest

from cladmop.errors import InputError, MissingArtefactError
from cladmop.records import Disease, Drug, Phase, Trial
from cladmop.sources.ctgov import trial_from_study
from cladmop.sources.fields import IGNORED
from cladmop.sources.inputs import read_trials, read_trials_text

STUDY = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT01234567"},
        "statusModule": {"overallStatus": "TERMINATED"},
        "conditionsModule": {"conditions": ["Asthma"]},
    }
}
TOP_ROW = {
    "nctid": "NCT00000001",
    "status": "terminated",
    "why_stop": "slow",
    "label": "0",
    "phase": "phase 1",
    "diseases": "['asthma']",
    "icdcodes": "[\"['J45.20', 'J45.30']\"]",
    "drugs": "['drug a']",
    "smiless": "['CCO']",
    "criteria": "Inclusion Criteria: adults",
}
PLAIN = {
    "nctid": "NCT00000001",
    "phase": "II",
    "criteria": "Inclusion Criteria:\n- adults\n\nExclusion Criteria:\n- gout",
    "drugs": ["ibuprofen", {"name": "ethanol", "smiles": "CCO"}],
    "conditions": ["pain", {"name": "asthma", "icd10": "J45.20"}],
}
TRIAL = Trial(
    nct_id="NCT00000001",
    phase=Phase.PHASE_2,
    inclusion=("adults",),
    exclusion=("gout",),
    drugs=(Drug(name="ibuprofen"), Drug(name="ethanol", smiles="CCO")),
    diseases=(Disease(name="pain"), Disease(name="asthma", icd10=("J45.20",))),
)


@pytest.fixture
def read(tmp_path):
    def read(name, content, **given):
        path = tmp_path / name
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_trials(path, **given)

    return read


def test_json_of_one_trial_a_list_a_study_and_a_page(read) -> None:
    study = trial_from_study(STUDY)
    assert read("t.json", PLAIN) == [TRIAL]
    assert read("t.json", [PLAIN, STUDY]) == [TRIAL, study]
    assert read("t.json", STUDY) == [study]
    assert read("t.json", {"studies": [STUDY], "nextPageToken": "x"}) == [study]
    assert read("t", "\ufeff" + json.dumps(PLAIN)) == [TRIAL]


def test_json_lines_of_either_kind(read) -> None:
    text = (
        json.dumps(PLAIN | {"title": "line\u2028separator"}, ensure_ascii=False) + "\r\n\n" + json.dumps(STUDY) + "\n"
    )
    for name in ("t.jsonl", "t.ndjson", "t.json", "t"):
        first, second = read(name, text)
        assert first.model_copy(update={"title": ""}) == TRIAL
        assert second == trial_from_study(STUDY)


def test_a_stored_trial_is_read_back(read) -> None:
    assert read("t.json", TRIAL.model_dump_json()) == [TRIAL]


def test_inclusion_and_exclusion_as_lists_or_texts(read) -> None:
    (trial,) = read(
        "t.json", {"inclusion": ["a) kept as it is", " "], "exclusion": "Exclusion Criteria:\n1. gout\n2. flu"}
    )
    assert (trial.inclusion, trial.exclusion) == (("a) kept as it is",), ("gout", "flu"))


def test_leaky_fields_change_nothing(read) -> None:
    assert read("t.json", PLAIN | dict.fromkeys(IGNORED, "leak")) == [TRIAL]
    header = "nctid,phase,criteria,drugs"
    row = "NCT00000001,II,adults,aspirin"
    plain = read("t.csv", f"{header}\n{row}\n")
    assert read("t.csv", f"{header},status,label,why_stop\n{row},completed,1,x\n") == plain


def test_our_csv(read) -> None:
    text = (
        "nctid,phase,inclusion,exclusion,drugs,smiles,diseases,icdcodes,title\n"
        'NCT00000001,phase 3,"- adults\n- fit",gout,ibuprofen; ethanol,;CCO,pain|chest; pain,R07.9;R52,A title\n'
        ",2,,,aspirin,,,,\n"
    )
    first, second = read("t.csv", text)
    assert first.inclusion == ("adults", "fit")
    assert first.exclusion == ("gout",)
    assert first.drugs == (Drug(name="ibuprofen"), Drug(name="ethanol", smiles="CCO"))
    assert [disease.name for disease in first.diseases] == ["pain", "chest; pain"]
    assert first.icd10 == ("R07.9", "R52")
    assert (second.nct_id, second.phase, second.drugs) == (None, Phase.PHASE_2, (Drug(name="aspirin"),))


def test_csv_with_the_columns_of_top(read) -> None:
    cells = ",".join('"' + cell.replace('"', '""') + '"' for cell in TOP_ROW.values())
    (trial,) = read("t.csv", ",".join(TOP_ROW) + "\n" + cells + "\n")
    assert trial.published_smiles == ("CCO",)
    assert trial.diseases == (Disease(name="asthma", icd10=("J45.20", "J45.30")),)


def test_text_with_drugs_conditions_and_phase(read) -> None:
    text = "Inclusion:\n- adults\nExclusion:\n- gout\n"
    (trial,) = read("plan.txt", text, drugs=["aspirin"], conditions=["pain"], phase="3")
    assert (trial.inclusion, trial.exclusion, trial.phase) == (("adults",), ("gout",), Phase.PHASE_3)
    assert (trial.drugs, trial.diseases) == ((Drug(name="aspirin"),), (Disease(name="pain"),))
    assert trial.title == "plan"
    assert read("plan.txt", "", drugs=["aspirin"])[0].criteria == ()


def test_phase_fills_in_where_the_file_states_none(read) -> None:
    first, second = read("t.json", [{"drugs": ["aspirin"]}, PLAIN], phase="III")
    assert (first.phase, second.phase) == (Phase.PHASE_3, Phase.PHASE_2)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.json", "", "t.json is empty"),
        ("t.jsonl", "\n \n", "t.jsonl is empty"),
        ("t.csv", "", "t.csv is empty"),
        ("t.json", "[]", "no trial in it"),
        ("t.csv", "nctid,drugs\n", "no trial in it"),
        ("t.txt", " \n", "no criteria, no drugs and no diseases"),
        ("t.json", '{"criteria": "", "phase": "1"}', "no criteria, no drugs and no diseases"),
        ("t.csv", "nctid,drugs\nNCT00000001,\n", r"t\.csv:2: no criteria"),
        ("t.json", '{"drugs": ["a",]\n}', r"t\.json:1:\d+: not valid JSON"),
        ("t", '{"drugs":\n ["a"}', r"t:2:6: not valid JSON"),
        ("t.jsonl", '{"drugs": ["a"]}\n{"drugs"\n', r"t\.jsonl:2:9: not valid JSON"),
        ("t.json", "[" * 100_000, "nested too deeply"),
        ("t.json", '{"studies": 3}', "studies: 3 is not a list"),
        ("t.json", "[3]", r"trial 1: 3 is not a trial"),
        ("t.json", '{"drug": "a"}', "unknown field 'drug'; allowed are nct_id"),
        ("t.csv", "drug,phase\na,1\n", r"t\.csv:1: unknown field 'drug'"),
        ("t.json", '{"drugs": ["a"], "phase": "7"}', "phase: '7' is not a phase"),
        ("t.json", '{"drugs": "a"}', "drugs: 'a' is not a list"),
        ("t.json", '{"drugs": [""]}', r"drugs\[0\]: .* needs \"name\""),
        ("t.json", '{"drugs": [{"name": "a", "dose": 3}]}', r"drugs\[0\]: .* nothing else"),
        ("t.json", '{"drugs": ["a"], "nct_id": "x"}', "nct_id: 'x' is not an NCT id"),
        ("t.json", '{"drugs": ["a"], "nct_id": "NCT00000001", "nctid": "NCT00000001"}', "given twice"),
        ("t.json", '{"criteria": "a", "inclusion": ["b"]}', "not both"),
        ("t.json", '{"criteria": ["a"]}', "criteria: .* is not a text"),
        ("t.json", '{"inclusion": [1]}', r"inclusion\[0\]: 1 is not a text"),
        ("t.json", '{"drugs": ["a"], "start_date": "soon"}', "start_date: 'soon' is not a date"),
        ("t.csv", "drugs,smiles\na;b,CCO\n", "1 structures for 2 drugs"),
        ("t.json", b'{"drugs": ["\xff"]}', r"t\.json:1: byte 12 \(0xff\) is not UTF-8"),
        ("t.txt", b"caf\xe9", "is not UTF-8"),
    ],
)
def test_bad_input_is_one_clear_error(read, name, content, message) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(name, content)
    assert "\n" not in str(caught.value)


def test_drugs_beside_a_file_that_names_its_own_are_refused(read) -> None:
    with pytest.raises(InputError, match="--drug and --condition go with a text file"):
        read("t.json", PLAIN, drugs=["aspirin"])
    with pytest.raises(InputError, match="--phase: 'x' is not a phase"):
        read("t.json", PLAIN, phase="x")


def test_missing_file(tmp_path) -> None:
    with pytest.raises(MissingArtefactError, match="no file"):
        read_trials(tmp_path / "none.json")


def test_two_megabytes_of_criteria(read) -> None:
    (trial,) = read("t.json", PLAIN | {"criteria": "- a criterion of some length\n" * 70_000})
    assert len(trial.inclusion) == 70_000


AS_CSV = (
    "nctid,phase,inclusion,exclusion,drugs,smiles,conditions\nNCT00000001,2,adults,gout,ibuprofen;ethanol,;CCO,pain\n"
)


@pytest.mark.parametrize(
    ("kind", "text"), [("json", json.dumps(PLAIN)), ("jsonl", json.dumps(PLAIN) + "\n\n"), ("csv", AS_CSV)]
)
def test_text_without_a_file_is_read_alike(kind, text) -> None:
    (trial,) = read_trials_text(text, "upload", kind)
    assert trial.model_copy(update={"diseases": TRIAL.diseases}) == TRIAL


def test_text_without_a_file_has_its_name_in_messages() -> None:
    for kind in ("json", "jsonl", "csv", "text"):
        with pytest.raises(InputError, match=r"^upload"):
            read_trials_text("", "upload", kind)
    with pytest.raises(InputError, match="upload:2: unknown"):
        read_trials_text('{"drugs": ["a"]}\n{"drug": "a"}', "upload", "jsonl")
    with pytest.raises(InputError, match="upload:1: unknown field 'drug'"):
        read_trials_text("drug\na\n", "upload", "csv")
    rows = (
        ",".join(TOP_ROW)
        + "\n"
        + ",".join(f'"{cell}"' for cell in (TOP_ROW | {"drugs": "x", "icdcodes": "[]"}).values())
    )
    with pytest.raises(InputError, match="upload:2, column drugs"):
        read_trials_text(rows, "upload", "csv")


def test_real_files(shared_dir) -> None:
    assert len(read_trials(shared_dir / "ctgov" / "ctg-studies.json")) == 60
    assert len(read_trials(shared_dir / "top" / "phase_III_valid.csv")) == 344
