import json

import pytest

from cladmop.errors import InputError
from cladmop.model.lora import LoraSettings
from cladmop.training.settings import FinetuneSettings, PretrainSettings


@pytest.mark.parametrize(
    "settings", [PretrainSettings.paper(seed=3), FinetuneSettings(lora=LoraSettings(rank=4, cross=False), mode="full")]
)
def test_json_round_trip(settings):
    assert type(settings).from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_paper_settings():
    pretrain = PretrainSettings.paper()
    assert (pretrain.batch_size, pretrain.learning_rate, pretrain.mask_false_negatives) == (128, 1e-4, False)
    assert (pretrain.objective, pretrain.hard_negatives) == ("matching", 0)
    assert [FinetuneSettings.paper(phase).learning_rate for phase in ("I", "II", "III")] == [5e-2, 5e-2, 1e-3]
    assert FinetuneSettings.paper("I").head_learning_rate == 1e-2
    assert FinetuneSettings.paper("I").lora == LoraSettings(rank=8, cross=True, own=True)


def test_settings_that_are_off_decide_nothing():
    later = {"objective", "completion_weight", "hard_negatives"}
    assert set(PretrainSettings().to_dict()) - set(PretrainSettings().deciding()) == later
    assert PretrainSettings(completion_weight=2).deciding() == PretrainSettings().deciding()
    assert set(PretrainSettings(objective="both", hard_negatives=0.5).deciding()) >= later
    assert PretrainSettings(completion_weight=2, objective="completion").weight_beside_matching == 1


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (PretrainSettings, "epochs", 0), (PretrainSettings, "pair_block", 1), (PretrainSettings, "learning_rate", 0.0),
        (PretrainSettings, "completion_weight", 0.0), (PretrainSettings, "completion_weight", float("inf")),
        (PretrainSettings, "completion_weight", float("nan")), (PretrainSettings, "objective", "status"),
        (PretrainSettings, "hard_negatives", -0.1), (PretrainSettings, "hard_negatives", 1.1),
        (PretrainSettings, "seed", -1), (FinetuneSettings, "mode", "half"), (FinetuneSettings, "metric", "accuracy"),
        (FinetuneSettings, "head_learning_rate", -1.0), (FinetuneSettings, "weight_decay", -1.0),
    ],
)  # fmt: skip
def test_values_outside_their_range_are_refused_by_name(kind, field, value):
    with pytest.raises(InputError, match=f"{kind.__name__}.{field} is"):
        kind(**{field: value})
