"""Bars show counts, and the table beside them says the same."""

import pytest

from cladmop.errors import InputError
from cladmop.evaluation.bars import Counts


@pytest.mark.parametrize("sideways", [False, True])
def test_plot_and_table_agree(sideways):
    counts = Counts("Trials", "year", ("2001", "2002"), {"I": [1, 2], "II": [0, 1234]}, sideways=sideways)
    assert counts.table().rows == (("2001", "1", "0"), ("2002", "2", "1,234"))
    svg = counts.plot()
    assert svg.startswith("<svg ")
    assert "1,234" in svg
    assert svg == counts.plot()


@pytest.mark.parametrize(
    ("categories", "series"), [((), {"a": []}), (("x",), {}), (("x",), {"a": [1, 2]}), (("x",), {"a": [-1]})]
)
def test_what_does_not_fit_is_refused(categories, series):
    with pytest.raises(InputError):
        Counts("Trials", "year", categories, series)
