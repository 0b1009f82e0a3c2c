"""What a page says reaches every reader: colours under each kind of colour vision, contrast of text, plots in words."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import cladmop
from cladmop.evaluation import plots
from cladmop.evaluation.svg import COLOURS

PACKAGE = Path(cladmop.__file__).parent
REPORT = PACKAGE / "templates" / "report.html"
PAGE = PACKAGE / "server" / "static" / "page.css"
# Machado, Oliveira and Fernandes 2009, severity 1: linear RGB as seen without green or without red cones.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
FEWEST_DELTA_E = 12
"""About five times what can just be seen side by side."""


def linear(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    srgb = np.array([int(digits[place : place + 2], 16) for place in (0, 2, 4)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / TO_XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    dark, light = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def schemes(path):
    """The colours of a style sheet by name, on a light and on a dark page."""
    blocks = re.findall(r":root\s*\{(.*?)\}", path.read_text(encoding="utf-8"), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]+)", block)) for block in blocks[:2])
    return {"light": light, "dark": light | dark}


def test_measures_by_hand():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert lab(linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.1)
    assert lab(linear("#ff0000")) == pytest.approx([53.2, 80.1, 67.2], abs=0.3)
    red, green = (lab(VISION["deuteranopia"] @ linear(colour)) for colour in ("#b05000", "#6a7a00"))
    usual = np.linalg.norm(lab(linear("#b05000")) - lab(linear("#6a7a00")))
    assert np.linalg.norm(red - green) < usual / 3, "what red-green blindness confuses is found"


@pytest.mark.parametrize("vision", VISION)
def test_colours_used_together_are_told_apart(vision):
    seen = [lab(VISION[vision] @ linear(colour)) for colour in COLOURS]
    distances = {
        (COLOURS[one], COLOURS[other]): np.linalg.norm(seen[one] - seen[other])
        for one, other in itertools.combinations(range(len(COLOURS)), 2)
    }
    assert min(distances.values()) >= FEWEST_DELTA_E, min(distances, key=distances.get)


def test_colour_is_never_the_only_cue():
    styles = list(itertools.islice(plots._styles(), len(COLOURS)))
    assert (
        len({str(style["linestyle"]) for style in styles}) == len({style["marker"] for style in styles}) == len(COLOURS)
    )
    assert ":" not in {style["linestyle"] for style in styles}, "dotted lines are references"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("path", "texts", "grounds"),
    [
        (REPORT, ("ink", "soft", "mark"), ("paper", "tint")),
        (PAGE, ("ink", "soft", "up", "down", "wrong"), ("paper", "raised")),
    ],
    ids=["report", "service"],
)
def test_text_stands_out_from_its_ground(path, texts, grounds, scheme):
    colours = schemes(path)[scheme]
    found = {
        (text, ground): contrast(colours[text], colours[ground]) for text, ground in itertools.product(texts, grounds)
    }
    assert min(found.values()) >= 4.5, found


def test_every_colour_of_text_in_the_report_is_checked():
    css = re.search(r"<style>(.*?)</style>", REPORT.read_text(encoding="utf-8"), re.DOTALL).group(1)
    used = set(re.findall(r"[{;\s]color:\s*([^;}]+)", css))
    assert used == {"var(--ink)", "var(--soft)", "var(--mark)"}
    assert set(re.findall(r"background:\s*([^;}]+)", css)) == {"var(--paper)", "var(--tint)"}
