"""Workers that read names build the corpus that one process builds, to the byte, also when one of them is killed."""

import sys
from collections import Counter
from functools import partial

import pytest

from cladmop.cli.options import drug_resolver
from cladmop.corpus.build import build
from cladmop.corpus.manifest import BuildSettings
from cladmop.corpus.reading import DrugName, NameReader, Names, answer
from cladmop.drugs.resolve import DrugResolver
from cladmop.errors import InputError, MissingDependencyError
from cladmop.records import Intervention
from cladmop.scale import names
from cladmop.scale.job import Workers
from cladmop.scale.names import NameCrew, Opening, answers_of, name_crew
from invented_registry import study, write_json_source
from scale.ray_cluster import killed_in_the_middle, two_nodes

DRUGS = ("Aspirin", "Metformin 500 mg", "Caffeine", "XYZ-98765", "imatinib mesylate", "FOLFOX", "Trastuzumab", "Saline")
DISEASES = ("Gout", "Asthma", "Carcinoma, Non-Small-Cell Lung", "stage IV mellanoma", "No such ailment", "HIV")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A registry of 96 studies whose names differ."""
    studies = [
        study(
            number,
            interventions=tuple(
                Intervention("drug", f"{DRUGS[one % len(DRUGS)]} {'' if one < 9 else one}", ("ASA", f"code {one}"))
                for one in (number, number // 5)
            ),
            conditions=(DISEASES[number % len(DISEASES)], f"{DISEASES[number // 9 % len(DISEASES)]} {number % 7}"),
            condition_terms=("Asthma",) if number % 2 else (),
            phase=f"PHASE{number % 3 + 1}",
            status="completed" if number % 4 else "terminated",
        )
        for number in range(96)
    ]
    return write_json_source(tmp_path_factory.mktemp("registry") / "studies.json", studies)


@pytest.fixture(scope="module")
def approved(tmp_path_factory):
    """A short list of approved ingredients."""
    path = tmp_path_factory.mktemp("approved") / "list.txt"
    path.write_text("ASPIRIN; CAFFEINE\nMETFORMIN HYDROCHLORIDE\nTRASTUZUMAB-DKST\n", encoding="utf-8")
    return path


def bytes_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def built(source, out, approved, crew=None):
    settings = BuildSettings(approved=approved)
    build([(source, None)], out, settings, DrugResolver.default(), lambda _: None, crew=crew)
    return bytes_of(out)


@pytest.mark.slow
@pytest.mark.usefixtures("ray_alone")
def test_a_killed_worker_of_two_nodes_changes_no_byte(source, approved, tmp_path, monkeypatch):
    monkeypatch.setattr(names, "CHUNK", 5)
    cut = Counter()
    taken = names._cut
    monkeypatch.setattr(names, "_cut", lambda asked: (cut.update([asked]), taken(asked))[1])
    with (
        two_nodes() as address,
        name_crew(DrugResolver.default, Workers(2, address)) as crew,
        killed_in_the_middle("read_names", lambda: sum(crew.done.values()) >= 3) as killed,
    ):
        other = NameCrew(crew._ray, Opening(DrugResolver.default, "others"), 1)
        with pytest.raises(InputError, match="install the same packages"):
            list(other(Names(drugs=(DrugName("aspirin"),))))
        many = built(source, tmp_path / "many", approved, crew)
    assert len(killed) == 1
    assert many == built(source, tmp_path / "one", approved)
    asked = [part for whole in cut for part in taken(whole)]
    assert len(asked) > 30
    assert sum(crew.done.values()) == len(asked) - 1  # the other crew's came to nothing
    assert len(crew.done) >= 2


@pytest.mark.slow
@pytest.mark.usefixtures("ray_alone")
def test_the_verb_with_two_workers_and_a_table_of_ones_own(cladmop, approved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_json_source(tmp_path / "s.json", [study(1, interventions=(Intervention("drug", "XYZ-98765"),)), study(2)])
    (tmp_path / "mine.csv").write_text("name,smiles\nXYZ-98765,CCO\n", encoding="utf-8")
    arguments = ("corpus", "build", "--source", "s.json", "--approved", approved, "--drugs", "mine.csv")
    alone = cladmop(*arguments, "--out", "one")
    ran = cladmop(*arguments, "--out", "many", "--workers", 2)
    assert (alone.code, ran.code) == (0, 0), ran.err
    assert bytes_of(tmp_path / "many") == bytes_of(tmp_path / "one")
    (expected,) = [line for line in ran.out.splitlines() if line.startswith("expected: ")]
    assert "by 2 workers" in expected
    assert " and 2 x " in expected
    assert "Traceback" not in ran.err


def test_one_worker_needs_no_ray(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with name_crew(DrugResolver.default, Workers(1)) as crew:
        assert crew is None
    with pytest.raises(MissingDependencyError, match=r"cladmop\[ray\]"), name_crew(DrugResolver.default, Workers(2)):
        pass


def test_a_crew_is_asked_each_name_once():
    resolver = DrugResolver.default()
    asked = []

    def crew(wanted):
        asked.append(wanted)
        for part in names._cut(wanted):
            yield part, answer(part, resolver)

    reader = NameReader(resolver, crew=crew)
    alone = NameReader(resolver)
    studies = [study(1), study(2), study(3, interventions=(Intervention("drug", "Aspirin 100 mg", ("ASA", " ")),))]
    assert reader.substances(["caffeine", "aspirin", "caffeine"]) == alone.substances(
        ["caffeine", "aspirin", "caffeine"]
    )
    reader.prepare(studies)
    assert [len(one.drugs) for one in asked] == [2, 3]
    assert [len(one.conditions) for one in asked] == [0, 1]
    assert [reader.read(one) for one in studies] == [alone.read(one) for one in studies]


def test_all_names_are_cut_and_none_twice(monkeypatch):
    monkeypatch.setattr(names, "CHUNK", 4)
    asked = Names(tuple(DrugName(str(number)) for number in range(11)))
    parts = list(names._cut(asked))
    assert [len(part.drugs) for part in parts] == [4, 4, 3]
    assert tuple(one for part in parts for one in part.drugs) == asked.drugs


def test_other_sources_are_other_answers(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("name,smiles\nXYZ-98765,CCO\n", encoding="utf-8")
    make = partial(drug_resolver, table, None, pubchem=False)
    said = answers_of(make())
    assert said == answers_of(make()) != answers_of(DrugResolver.default())
    with pytest.raises(InputError, match="put the same sources on all machines"):
        names.opened(Opening(make, answers_of(DrugResolver.default())))


def test_the_network_is_asked_by_one_process_only(cladmop, source, tmp_path):
    ran = cladmop("corpus", "build", "--source", source, "--out", tmp_path / "x", "--pubchem", "--workers", 2)
    assert ran.code == 2
    assert "from one process" in ran.err
