import subprocess
import sys

import pytest

pytest.importorskip("rdkit", reason="structures need the nn extra")

from cladmop.drugs.index import Named, Substance, read_index, write_index
from cladmop.errors import CorruptArtefactError

ETHANOL, PROPANOL, METHANOL = "CCO", "CCCO", "CO"


@pytest.fixture
def index(tmp_path):
    rows = [
        Named(Substance("spirit", ETHANOL), ("spirit", "drink"), ("cleaner", "shared")),
        Named(Substance("propyl", PROPANOL), ("propyl", "cleaner"), ("shared",)),
        Named(Substance("spirit salt", f"{ETHANOL}.Cl"), ("spirit salt", "spirit hcl", "drink")),
        Named(Substance("nameless", METHANOL), ()),
        Named(Substance("old", METHANOL, weight=1.0), ("code-1",)),
        Named(Substance("new", PROPANOL, weight=4.0), ("code-1",)),
        Named(Substance("mabtest", None, biologic=True), ("mabtest",)),
    ]
    write_index(tmp_path / "index.parquet", rows)
    return read_index(tmp_path / "index.parquet")


@pytest.mark.parametrize(
    ("name", "title", "usual"),
    [
        ("spirit", "spirit", True),
        ("drink", "spirit", True),  # a salt has the connectivity of its parent
        ("cleaner", "propyl", True),  # a usual name outranks what somebody once called another
        ("code-1", "new", True),  # the weightier is meant
    ],
)
def test_found(index, name, title, usual):
    found = index.find(name)
    assert found is not None
    assert (found[0].title, found[1]) == (title, usual)


@pytest.mark.parametrize("name", ["shared", "nameless", "spirits", ""])
def test_not_found_or_ambiguous(index, name):
    assert index.find(name) is None


def test_a_biologic_is_kept_without_structure(index):
    found = index.find("mabtest")
    assert found is not None
    assert (found[0].biologic, found[0].smiles) == (True, None)


def test_a_thousand_names_are_all_found(tmp_path):
    rows = [Named(Substance(f"s{i}", "C" * (i % 30 + 1)), (f"s{i}",), (f"other {i}",)) for i in range(1000)]
    write_index(tmp_path / "many.parquet", rows)
    index = read_index(tmp_path / "many.parquet")
    for number in range(1000):
        first, second = index.find(f"s{number}"), index.find(f"other {number}")
        assert first is not None
        assert second is not None
        assert (first[0].title, first[1], second[0].title, second[1]) == (f"s{number}", True, f"s{number}", False)


def test_damage_is_named(tmp_path):
    (tmp_path / "index.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(CorruptArtefactError, match="delete it"):
        read_index(tmp_path / "index.parquet")


def test_a_full_disk_is_named(tmp_path):
    """The limit on a file's size stands for a full disk: writes beyond it fail."""
    code = (
        "import resource, sys; from pathlib import Path; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "from cladmop.drugs.index import Named, Substance, write_index; from cladmop.errors import StorageError\n"
        "try: write_index(Path(sys.argv[1]), [Named(Substance('a', 'C'), ('a',))])\n"
        "except StorageError: sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "index.parquet")], check=False, timeout=120)
    assert done.returncode == 7
    assert list(tmp_path.iterdir()) == []
