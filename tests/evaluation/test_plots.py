"""Plots are well-formed, repeatable SVG that names itself and stays inside its element."""

import builtins
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from cladmop.errors import InputError, MissingDependencyError
from cladmop.evaluation import plots
from cladmop.evaluation.estimate import Estimate

pytest.importorskip("matplotlib")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def sample():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 90)
    scores = {name: np.clip(0.3 * labels + 0.6 * generator.random(90), 0, 1) for name in ("ours", "$<b>&_$")}
    return labels, scores


def draw_all(labels, scores):
    differences = {"ours": Estimate(0.05, -0.01, 0.11), "length": Estimate(-0.1, -0.2, -0.02)}
    first = scores["ours"]
    return {
        "roc": (plots.roc_plot(labels, scores), plots.roc_table(labels, scores)),
        "pr": (plots.precision_recall_plot(labels, scores), plots.precision_recall_table(labels, scores)),
        "calibration": (plots.calibration_plot(labels, first), plots.calibration_table(labels, first)),
        "histogram": (plots.histogram_plot(first, 0.5), plots.histogram_table(first)),
        "forest": (plots.forest_plot(differences, "ROC-AUC"), plots.forest_table(differences, "ROC-AUC")),
    }


@pytest.fixture(scope="module")
def drawn(sample):
    return draw_all(*sample)


@pytest.mark.parametrize("kind", ["roc", "pr", "calibration", "histogram", "forest"])
def test_plot(kind, drawn):
    svg, table = drawn[kind]
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text
    description = root.find(f"{SVG}desc").text
    assert table.caption in description
    assert all(row[1] in description for row in table.rows)
    assert "<style" not in svg
    assert "#010203" not in svg
    assert "currentColor" in svg
    outside = [value for node in root.iter() for key, value in node.attrib.items() if "href" in key]
    assert all(value.startswith("#") for value in outside)


def test_ids_are_unique_on_a_page_and_references_resolve(drawn):
    ids = []
    for svg, _ in drawn.values():
        root = ET.fromstring(svg)
        own = {node.get("id") for node in root.iter() if node.get("id")}
        for node in root.iter():
            for key, value in node.attrib.items():
                if key.endswith("href"):
                    assert value[1:] in own
                elif "url(#" in value:
                    assert value.split("url(#")[1].split(")")[0] in own
        ids += [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids))


def test_equal_input_gives_equal_bytes(sample, drawn):
    assert draw_all(*sample) == drawn


def test_names_are_text_not_markup(drawn):
    texts = [node.text for node in ET.fromstring(drawn["roc"][0]).iter(f"{SVG}text")]
    assert any(text and text.startswith("$<b>&_$") for text in texts)


def test_tables_say_what_the_curves_show():
    labels, scores = [0, 0, 1, 1], {"perfect": [0.1, 0.2, 0.8, 0.9]}
    assert plots.roc_table(labels, scores).rows == (("perfect", "1.000", "1.00", "1.00", "1.00", "1.00"),)
    row = plots.precision_recall_table(labels, scores).rows[0]
    assert (row[1], row[-2], row[-1]) == ("1.000", "1.00", ".50")
    assert [int(row[1]) for row in plots.histogram_table([0.0, 0.05, 0.55, 1.0]).rows] == [2, 0, 0, 0, 0, 1, 0, 0, 0, 1]


def test_calibration_table_by_hand():
    table = plots.calibration_table([1] * 50 + [0] * 50, [0.5] * 100)
    # Wilson's interval of 50 of 100.
    assert table.rows == (("bin 1", ".500", ".500 [.404, .596]", "100"),)


def test_bad_input():
    with pytest.raises(InputError, match="all 2 labels are 1"):
        plots.roc_plot([1, 1], {"ours": [0.1, 0.2]})
    with pytest.raises(InputError, match="no differences"):
        plots.forest_plot({}, "ROC-AUC")
    with pytest.raises(InputError, match="between 0 and 1"):
        plots.histogram_plot([1.2])


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingDependencyError, match=r"cladmop\[plots\]"):
        plots.histogram_plot([0.5])
