"""The directive ``network-shapes PRESET``: the network drawn with the shapes that a forward pass really had.

A network of the preset is built for the sizes of a real encoder, reads a batch of random trials, and hooks note what
every part returned. A part that is renamed, or a shape that changes, changes the page or breaks its build.
"""

import torch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from torch import Tensor, nn

from _ext.drawing import Drawing, table
from cladmop.diseases.icd import vocabulary
from cladmop.encoders.molecule import MorganFeaturizer
from cladmop.model.batch import LEVELS, TrialBatch
from cladmop.model.cladmop import CLaDMoP
from cladmop.model.config import ModelConfig

_B, _M, _K, _N = 97, 2, 3, 5
"""Trials (a number that no width has), molecules, diseases and names of each."""
_SIZES = {"default": ("MiniLM, items", 384, 24), "paper": ("BioGPT, tokens", 1024, 500)}
"""Of the encoder that a preset is for: what it is, W, and an example's T."""
_LEVEL_NAMES = ("coarse", "medium", "fine", "last")
_WIDE, _HIGH, _STEP, _RIGHT = 300, 54, 78, 380


def network(preset: str) -> tuple[CLaDMoP, TrialBatch]:
    """Return a network of a preset, and a batch that it can read."""
    _, width, items = _SIZES[preset]
    features = MorganFeaturizer().width
    config = ModelConfig.preset(preset, text_width=width, molecule_width=features, disease_vocabulary=len(vocabulary()))
    real = torch.ones(_B, max(items, _N), dtype=torch.bool)
    sides = torch.zeros(_B, items, dtype=torch.long)
    sides[:, items // 2 :] = 1
    batch = TrialBatch(
        criteria_LBTW=torch.randn(LEVELS, _B, items, width), criteria_mask_BT=real[:, :items], side_BT=sides,
        molecules_BMF=torch.randn(_B, _M, features), molecule_mask_BM=real[:, :_M],
        diseases_BKA=torch.ones(_B, _K, 4, dtype=torch.long), disease_mask_BK=real[:, :_K],
        categories_BK=torch.arange(_K).expand(_B, -1), names_LBNW=torch.randn(LEVELS, _B, _N, width),
        name_mask_BN=real[:, :_N], name_kinds_BN=torch.zeros(_B, _N, dtype=torch.long),
        phase_B=torch.zeros(_B, dtype=torch.long),
    )  # fmt: skip
    return CLaDMoP(config).eval(), batch


def observe(preset: str) -> tuple[CLaDMoP, dict[str, str]]:
    """Return the network and the shape of what each of its parts returned, by the part's name."""
    model, batch = network(preset)
    seen = {"batch": written(batch.criteria_LBTW.shape)}

    def hook(name: str) -> object:
        def note(_module: nn.Module, _inputs: object, output: object) -> None:
            found = output if isinstance(output, Tensor) else next(one for one in output if isinstance(one, Tensor))  # type: ignore[attr-defined] # a tuple
            seen[name] = written(found.shape)

        return note

    hooks = [part.register_forward_hook(hook(name)) for name, part in model.named_modules() if name]  # type: ignore[arg-type] # a hook
    with torch.inference_mode():
        model.outcome(batch)
        f_C, f_DM = model.match(TrialBatch(**vars(batch)))
    for one in hooks:
        one.remove()
    return model, {**seen, "f_C": written(f_C.shape), "f_DM": written(f_DM.shape)}


def written(shape: torch.Size) -> str:
    """Return a shape as text, with B for the number of trials."""
    return " \N{MULTIPLICATION SIGN} ".join("B" if size == _B else f"{size:,}" for size in shape)


def parts(model: CLaDMoP, seen: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return the parts in the order in which a batch meets them: module, what it does, shape of its result."""
    config = model.config
    rows = [("batch", "frozen language model's states of the criteria, four levels", seen["batch"])]
    rows.append(("tokens", "drugs, diseases and what else the preset reads, as DM tokens", seen["tokens"]))
    for step, level in enumerate(config.fused_levels):
        name = f"criteria.tokens.{step}"
        rows.append((name, f"{_LEVEL_NAMES[level]} level to the branch's width, absent tokens in front", seen[name]))
        for layer in range(len(config.centroids)):
            name = f"criteria.groups.{step}.layers.{layer}"
            rows.append((name, f"{_LEVEL_NAMES[level]} level grouped", seen[name]))
    for step in range(len(config.fused_levels) + 1):
        rows.append((f"fusion.blocks.{step}", "DM block: self-attention", seen[f"fusion.blocks.{step}"]))
        if step < len(config.fused_levels):
            about = f"DM tokens attend to the {_LEVEL_NAMES[config.fused_levels[step]]} groups"
            rows.append((f"fusion.cross.{step}", about, seen[f"fusion.cross.{step}"]))
    rows += [
        ("fusion", "layer norm and mean over the real DM tokens", seen["fusion"]),
        ("criteria.pool", "last level, pooled", seen["criteria.pool"]),
        ("outcome_head", "both, concatenated: the logit of success", seen["outcome_head"]),
        ("match_head.criteria", "f_C", seen["f_C"]),
        ("match_head.drugs", "f_DM", seen["f_DM"]),
    ]
    return rows


def draw(preset: str, model: CLaDMoP, seen: dict[str, str]) -> Drawing:
    """Draw the two branches side by side: criteria left, drugs and diseases right, fused level by level."""
    levels = model.config.fused_levels
    last = 20 + _STEP * (2 * len(levels) + 1)
    picture = Drawing(
        f"The network of the preset {preset}, with the shapes of one forward pass; the table below says the same",
        _RIGHT + _WIDE + 10, last + 2 * _STEP + 10,
    )  # fmt: skip
    picture.box(10, 20, _WIDE, _HIGH, "purple", f"frozen language model ({_SIZES[preset][0]})", seen["batch"])
    picture.box(_RIGHT, 20, _WIDE, _HIGH, "green", "DM tokens: drugs, diseases", seen["tokens"])
    for step, level in enumerate(levels):
        top = 20 + _STEP * (2 * step + 1)
        groups = f"criteria.groups.{step}"
        _right(picture, top, "green", f"DM block {step + 1}", seen[f"fusion.blocks.{step}"])
        _right(picture, top + _STEP, "orange", "cross-attention", seen[f"fusion.cross.{step}"])
        text = f"{seen[f'criteria.tokens.{step}']} → {seen[groups]}"
        picture.box(10, top + _STEP, _WIDE, _HIGH, "blue", f"{_LEVEL_NAMES[level]} level, grouped", text)
        picture.arrow((10 + _WIDE, top + _STEP + _HIGH / 2), (_RIGHT, top + _STEP + _HIGH / 2))
    picture.arrow((30, 20 + _HIGH), (30, 20 + _STEP * 2))
    for step in range(1, len(levels)):
        picture.arrow((30, 20 + _STEP * (2 * step) + _HIGH), (30, 20 + _STEP * (2 * step + 2)))
    _right(picture, last, "green", f"DM block {len(levels) + 1}, norm, mean", seen["fusion"])
    picture.box(10, last, _WIDE, _HIGH, "blue", "last level, pooled", seen["criteria.pool"])
    picture.arrow((30, last - _STEP + _HIGH), (30, last))
    _heads(picture, last, seen)
    return picture


def _right(picture: Drawing, top: float, colour: str, *lines: str) -> None:
    picture.box(_RIGHT, top, _WIDE, _HIGH, colour, *lines)
    picture.arrow((_RIGHT + _WIDE / 2, top - _STEP + _HIGH), (_RIGHT + _WIDE / 2, top))


def _heads(picture: Drawing, last: float, seen: dict[str, str]) -> None:
    top = last + _STEP + 20
    narrow = 210
    for x, colour, lines in (
        (10, "blue", ("f_C, length 1", seen["f_C"])),
        (240, "orange", ("outcome head: logit", seen["outcome_head"])),
        (_RIGHT + _WIDE - narrow, "green", ("f_DM, length 1", seen["f_DM"])),
    ):
        picture.box(x, top, narrow, _HIGH, colour, *lines)
    under = last + _HIGH
    picture.arrow((115, under), (115, top))
    picture.arrow((270, under), (310, top))
    picture.arrow((_RIGHT + 30, under), (390, top))
    picture.arrow((_RIGHT + _WIDE - narrow / 2, under), (_RIGHT + _WIDE - narrow / 2, top))


class NetworkShapes(SphinxDirective):
    """The drawing of a preset, and beneath it the same as a table."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the drawing and the table."""
        preset = self.arguments[0]
        torch.manual_seed(0)
        model, seen = observe(preset)
        numbers = sum(parameter.numel() for parameter in model.parameters())
        text = f"Preset {preset}: {numbers:,} parameters, the frozen language model's not counted."
        rows = table(("module", "what it does", "shape of its result"), parts(model, seen), code=(0, 2))
        return [draw(preset, model, seen).node(), nodes.paragraph("", text), rows]


def setup(app: Sphinx) -> dict[str, bool]:
    """Offer the directive."""
    app.add_directive("network-shapes", NetworkShapes)
    return {"parallel_read_safe": True}
