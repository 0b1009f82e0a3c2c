import json

import pytest

from cladmop.errors import InputError
from cladmop.model.config import PRESETS, ModelConfig

SIZES = {"text_width": 1024, "molecule_width": 512, "disease_vocabulary": 300}


def test_paper_preset_has_the_stated_sizes():
    paper = ModelConfig.preset("paper", **SIZES)
    assert (paper.width, paper.heads, paper.block_layers) == (16, 8, 4)
    assert (paper.centroids, paper.group_layers, paper.fused_levels) == ((100, 50, 25), 2, (0, 1, 2))
    assert (paper.temperature, paper.phase_token, paper.sides) == (0.6, False, False)


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name):
    config = ModelConfig.preset(name, **SIZES)
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_choice_that_is_not_made_leaves_no_trace_in_the_identity():
    assert "pooling" not in ModelConfig(**SIZES).to_dict()
    for pooling in ("max", "attention"):
        config = ModelConfig(**SIZES, pooling=pooling)
        assert config.to_dict()["pooling"] == pooling
        assert ModelConfig.from_dict(config.to_dict()) == config


def test_default_preset_is_the_defaults():
    assert ModelConfig.preset("default", **SIZES) == ModelConfig(**SIZES)


def test_last_fusion_reads_the_last_level_only():
    assert ModelConfig(**SIZES, fusion="last").fused_levels == (3,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("heads", 5), ("width", 0), ("levels", (0, 4)), ("levels", (1, 1)), ("levels", ()), ("centroids", ()),
        ("group_layers", -1), ("dropout", 1.0), ("match", "guess"), ("fusion", "none"), ("criteria_width", 0),
        ("pooling", "sum"),
    ],
)  # fmt: skip
def test_values_outside_their_range_are_refused_by_name(field, value):
    with pytest.raises(InputError, match=f"ModelConfig.{field} is .*; use "):
        ModelConfig(**SIZES, **{field: value})


def test_unknown_and_missing_fields_are_named():
    with pytest.raises(InputError, match="here: unknown field 'depth'"):
        ModelConfig.from_dict({**SIZES, "depth": 3}, where="here")
    with pytest.raises(InputError, match="field 'text_width' of ModelConfig is missing"):
        ModelConfig.from_dict({"molecule_width": 1, "disease_vocabulary": 2})
    with pytest.raises(InputError, match="no preset 'huge'"):
        ModelConfig.preset("huge", **SIZES)


def test_a_value_of_the_wrong_kind_is_one_clear_error():
    with pytest.raises(InputError):
        ModelConfig.from_dict({**SIZES, "levels": 3})
