import re
from xml.etree import ElementTree as ET

import pytest

from cladmop.errors import InputError
from cladmop.explain import drawing
from cladmop.explain.drawing import LOWERS, RAISES

PROPANE = "CCC"
NAMESPACE = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ET.fromstring(svg)


def fills(svg):
    """The colour behind each tinted atom."""
    return {
        int(one.get("class").split("-")[1]): re.search(r"fill:(#\w{6})", one.get("style"))[1]
        for one in parsed(svg).iter(f"{NAMESPACE}ellipse")
    }


def channels(colour):
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def test_atoms_are_blue_above_zero_and_orange_below():
    found = fills(drawing(PROPANE, [0.5, 0.0, -0.5], scale=0.5))
    assert set(found) == {0, 2}
    assert channels(found[0]) == pytest.approx(RAISES, abs=0.01)
    assert channels(found[2]) == pytest.approx(LOWERS, abs=0.01)


def test_colour_grows_with_the_contribution_and_stops_at_the_scale():
    pale, full, beyond = (fills(drawing(PROPANE, [share, 0, 0], scale=0.5))[0] for share in (0.1, 0.5, 5))
    assert full == beyond
    assert all(light > dark for light, dark in zip(channels(pale)[:2], channels(full)[:2], strict=True))


def test_plain_drawing_has_no_colours():
    svg = drawing("CC(=O)O", name="acetic acid")
    assert fills(svg) == {}
    assert parsed(svg).find(f"{NAMESPACE}title").text == "acetic acid"


def test_it_may_stand_in_an_image():
    name = '<script>alert("x")</script> & ёё'
    svg = drawing("CC(=O)Oc1ccccc1C(=O)O", [0.1] * 13, scale=0.1, name=name)
    root = parsed(svg)
    assert root.find(f"{NAMESPACE}title").text.startswith(name)
    assert "full colour is 0.100 in log-odds" in root.find(f"{NAMESPACE}title").text
    allowed = {"svg", "title", "rect", "path", "ellipse", "text", "tspan"}
    assert {one.tag.removeprefix(NAMESPACE) for one in root.iter()} <= allowed
    assert not [key for one in root.iter() for key in one.attrib if "href" in key or key.startswith("on")]
    assert "url(" not in svg
    assert svg.count("http") == 1, "the namespace alone"
    assert svg.startswith("<svg")


@pytest.mark.parametrize("smiles", ["not a molecule", "", "C" * 201])
def test_what_cannot_be_drawn_is_none(smiles):
    assert drawing(smiles) is None


@pytest.mark.parametrize(("contributions", "scale"), [([0.1], 1.0), ([0.1, float("nan"), 0], 1.0), ([0, 0, 0], 0.0)])
def test_contributions_must_fit(contributions, scale):
    with pytest.raises(InputError, match="one finite number an atom"):
        drawing(PROPANE, contributions, scale=scale)
