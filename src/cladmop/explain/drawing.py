"""Structures as SVG text that may stand in an ``<img>``: no script, no outside reference, a title of its own."""

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from cladmop.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from rdkit.Chem import Mol

WIDTH, HEIGHT = 320, 240
MAX_ATOMS = 200
"""Heavy atoms beyond which a drawing is a tangle and is not made."""
RAISES, LOWERS = (0.0, 0.447, 0.698), (0.835, 0.369, 0.0)
"""Okabe and Ito's blue and vermilion as RGB, 0 to 1: told apart by every kind of colour vision."""
_FAINTEST = 0.04  # shares of the scale below this are left white


def drawing(
    smiles: str, contributions: Sequence[float] | None = None, *, scale: float = 1.0, name: str = ""
) -> str | None:
    """Draw a structure, its atoms tinted by what each contributes.

    Parameters
    ----------
    smiles
        One molecule, or several with dots between them.
    contributions
        One number an atom, in RDKit's order of the atoms of ``smiles``: above 0 raises the score and is blue, below
        lowers it and is orange. None draws the structure alone.
    scale
        Contribution, above 0, that gets the full colour; larger ones look the same.
    name
        What is drawn, for the title.

    Returns
    -------
    str or None
        SVG of 320 x 240 that scales. None where RDKit cannot read the SMILES or it has over 200 heavy atoms.

    Raises
    ------
    InputError
        If there is not one finite contribution an atom, or ``scale`` is not above 0.
    MissingDependencyError
        If RDKit is not installed.
    """
    from_smiles = _chem().MolFromSmiles
    mol: Mol | None = from_smiles(smiles)
    if mol is None or not 0 < mol.GetNumAtoms() <= MAX_ATOMS:
        return None
    if contributions is None:
        return _render(mol, {}, escape(name or "structure"))
    if len(contributions) != mol.GetNumAtoms() or not all(map(math.isfinite, contributions)) or not scale > 0:
        raise InputError(
            f"{len(contributions)} contributions on a scale of {scale} for the {mol.GetNumAtoms()} atoms of "
            f"{smiles[:60]!r}; give one finite number an atom and a scale above 0"
        )
    colours = {atom: colour for atom, one in enumerate(contributions) if (colour := _colour(one / scale))}
    title = f"{name or 'structure'}: atoms in blue raise the score, in orange lower it; full colour is {scale:.3f}"
    return _render(mol, colours, escape(f"{title} in log-odds"))


def _chem() -> Any:  # noqa: ANN401 (the rdkit.Chem module, imported late)
    try:
        from rdkit import Chem
    except ImportError as error:
        raise MissingDependencyError("drawings need RDKit; install it with: pip install 'cladmop[nn]'") from error
    return Chem


def _colour(share: float) -> tuple[float, float, float] | None:
    """Blend white with blue or orange by the share of the scale, -1 to 1; none where it is next to nothing."""
    strength = min(1.0, abs(share))
    if strength < _FAINTEST:
        return None
    red, green, blue = (1 + strength * (part - 1) for part in (RAISES if share > 0 else LOWERS))
    return red, green, blue


def _render(mol: "Mol", colours: dict[int, tuple[float, float, float]], title: str) -> str:
    from rdkit.Chem.Draw import rdMolDraw2D

    canvas = rdMolDraw2D.MolDraw2DSVG(WIDTH, HEIGHT)
    options: Any = canvas.drawOptions()  # the stubs mistake its settings
    options.fillHighlights = True
    options.highlightRadius = 0.4
    options.useBWAtomPalette()
    rdMolDraw2D.PrepareAndDrawMolecule(
        canvas, mol, highlightAtoms=list(colours), highlightAtomColors=colours, highlightBonds=[]
    )
    canvas.FinishDrawing()
    text: str = canvas.GetDrawingText()
    # RDKit declares Latin-1 and namespaces that it does not use here; a name may hold any character.
    text = text[text.index("<svg") :]
    for unused in ("rdkit='http://www.rdkit.org/xml'", "xlink='http://www.w3.org/1999/xlink'"):
        text = text.replace(f"xmlns:{unused}", "")
    head, mark, body = text.partition(">")
    return f"{' '.join(head.split())} role='img'{mark}<title>{title}</title>{body}"
