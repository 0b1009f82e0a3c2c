"""Every public name is documented, in its docstring and in the reference."""

import importlib
import inspect
import zlib

import pytest

pytest.importorskip("sphinx", reason="needs the extra docs")

from _ext.public import PUBLIC, passed_on, public_names

MODULES = [module for modules in PUBLIC.values() for module in modules]


@pytest.fixture(scope="module")
def entries(site):
    """The names that the reference has an entry for, as other projects would look them up."""
    _, _, _, _, packed = (site.folder / "objects.inv").read_bytes().split(b"\n", 4)
    return {line.split()[0] for line in zlib.decompress(packed).decode().splitlines() if " py:" in line}


@pytest.mark.parametrize("module", MODULES)
def test_public_names_are_in_the_reference(entries, module):
    names, constants = public_names(module), set(passed_on(module))
    assert names
    assert constants <= entries
    own = set(names) - {one.rpartition(".")[2] for one in constants}
    assert {f"{module}.{name}" for name in own} <= entries


@pytest.mark.parametrize("module", ["cladmop", *MODULES])
def test_public_names_have_docstrings(module):
    found = importlib.import_module(module)
    assert inspect.getdoc(found)
    for name in public_names(module):
        value = getattr(found, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            text = value.__doc__ or ""
            # A dataclass without one gets its signature.
            assert text.strip(), f"{module}.{name}"
            assert not text.startswith(f"{name}("), f"{module}.{name}"


def test_what_the_package_offers_is_documented_where_it_is_made():
    import cladmop

    offered = {name for name in cladmop.__all__ if not name.startswith("__")}
    assert offered <= {*public_names("cladmop.records"), *public_names("cladmop.estimator")}


def test_a_name_that_nothing_has_is_no_name():
    from _ext.names import exists

    assert exists("cladmop.estimator.TrialOutcomeClassifier.predict_trials")
    assert exists("DiseaseEncoder")  # of no public module
    assert exists("np.float64")
    assert not exists("cladmop.estimator.TrialOutcomeClassifier.predict_all")
    assert not exists("DiseaseEncodr")


def test_imports_go_down_only():
    from _ext.floors import floors, imports

    levels = floors()
    floor = {module: number for number, level in enumerate(levels) for module in level}
    found = imports(list(floor))
    assert "cladmop.records" in found["cladmop.cli"]
    upwards = [(one, other) for one, others in found.items() for other in others if floor[other] < floor[one]]
    assert upwards == []
