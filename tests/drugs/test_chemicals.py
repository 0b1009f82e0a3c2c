import subprocess
import sys
import time

import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs import chemicals
from cladmop.drugs.chemicals import Chemicals
from cladmop.errors import CorruptArtefactError, MissingDependencyError

LINES = (
    "1\t50-78-2\tC9H8O4\t180\tCC(=O)Oc1ccccc1C(=O)O\tInChI\tKEY\t2-acetoxybenzoic\taspirin\ta1b2c\tbrandol (tn)\tasa",
    "2\t64-17-5\tC2H6O\t46\tCCO\tInChI\tKEY\tethanol\tethanol\t"
    + "\t".join(f"spirit {n}" for n in "abcde")
    + "\trareol",
    "3\t71-23-8\tC3H8O\t60\tCCCO\tInChI\tKEY\tpropan-1-ol\tpropanol\t71-23-8\tclashol",
    "4\t67-56-1\tCH4O\t32\tCO\tInChI\tKEY\tmethanol\tmethanol\tclashol\tplacebo pill\tsodium\tsome vaccine\tpolymers",
)


@pytest.fixture
def installed(tmp_path, monkeypatch, home):
    """A small package that carries two tables."""
    folder = tmp_path / "fakechemicals" / chemicals.FOLDER
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")

    def write(lines):
        for name, part in zip(chemicals.FILES, (lines[:1], lines[1:]), strict=True):
            (folder / name).write_text("\n".join(part) + "\n", encoding="utf-8")

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(chemicals, "PACKAGE", "fakechemicals")
    return write


@pytest.mark.parametrize(
    ("name", "title", "weak"),
    [
        ("aspirin", "aspirin", False),
        ("brandol", "aspirin", False),  # the note of who uses it is no part of a name
        ("a1b2c", "aspirin", False),
        ("spirit e", "ethanol", False),
        ("rareol", "ethanol", True),  # beyond the usual names
    ],
)
def test_whole_names_are_found(installed, name, title, weak):
    installed(LINES)
    found = Chemicals.load().find(name)
    assert found is not None
    assert (found.name, found.weak) == (title, weak)


@pytest.mark.parametrize(
    "name", ["asa", "71-23-8", "clashol", "placebo pill", "sodium", "some vaccine", "polymers", "x" * 9]
)
def test_what_may_name_no_substance_is_left_out(installed, name):
    installed(LINES)
    assert Chemicals.load().find(name) is None


@pytest.mark.parametrize("line", ["1\tx", "1\t2\t3\t4\t\t6\t7\t8\tname"])
def test_a_line_that_is_none_names_its_place(installed, line):
    installed((*LINES, line))
    with pytest.raises(CorruptArtefactError, match=r"large\.tsv:4"):
        Chemicals.load()


def test_other_encodings_are_refused(installed, tmp_path):
    installed(LINES)
    path = tmp_path / "fakechemicals" / chemicals.FOLDER / chemicals.FILES[1]
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CorruptArtefactError, match="UTF-8"):
        Chemicals.load()


def test_a_changed_table_is_read_anew(installed):
    installed(LINES)
    assert Chemicals.load().find("newcomer") is None
    installed((*LINES, "5\t1\tC\t16\tC\tI\tK\tmethane\tnewcomer"))
    assert Chemicals.load().find("newcomer") is not None


def test_without_the_package_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(chemicals, "PACKAGE", "no_such_package")
    with pytest.raises(MissingDependencyError, match="cladmop\\[nn\\]"):
        Chemicals.load()


def test_the_installed_tables_load_fast_once_converted():
    Chemicals.load()
    start = time.perf_counter()
    source = Chemicals.load()
    assert time.perf_counter() - start < 2
    taxol = source.find("taxol")
    assert taxol is not None
    assert (taxol.name, len(taxol.date)) == ("paclitaxel", 10)


def test_the_package_is_never_imported():
    code = (
        "import sys; from cladmop.drugs.chemicals import Chemicals; Chemicals.load(); "
        "assert not [m for m in sys.modules if m.split('.')[0] == 'chemicals']"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
