"""Invented trials in TOP's format and a language model of a few thousand random weights, for tests end to end."""

import csv
import random
from pathlib import Path

COLUMNS = ("nctid", "status", "why_stop", "label", "phase", "diseases", "icdcodes", "drugs", "smiless", "criteria")
ITEMS = (
    "age {n} years or older", "written informed consent", "adequate renal and hepatic function", "confirmed disease",
    "no prior therapy with any drug", "ecog status of {n}", "pregnancy or breast feeding", "active infection",
    "known hiv infection", "refractory disease at screening", "stable disease at screening", "dose of {n} mg",
)  # fmt: skip
DRUGS = (
    ("aspirin", "CC(=O)Oc1ccccc1C(=O)O"),
    ("metformin", "CN(C)C(=N)NC(N)=N"),
    ("caffeine", "Cn1cnc2c1c(=O)n(C)c(=O)n2C"),
)
DISEASES = (("asthma", "J45.909"), ("gout", "M10.9"), ("migraine", "G43.909"))


def save_language_model(folder: Path) -> None:
    """Save a random BERT of 4 layers and width 16, with a tokenizer of the words above."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir(parents=True)
    words = sorted({word for item in ITEMS for word in item.split()} | {name for name, _ in (*DRUGS, *DISEASES)})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=16, num_hidden_layers=4, num_attention_heads=2,
        max_position_embeddings=40,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)


def top_row(number: int) -> dict[str, str]:
    """Return row ``number`` in TOP's format; success shows in one item four times out of five."""
    draw = random.Random(number)
    label = number % 2
    sign = "stable" if (draw.random() < 0.8) == bool(label) else "refractory"
    items = [item.format(n=draw.randrange(1, 90)) for item in draw.sample(ITEMS[:9], 5)]
    chosen = draw.sample(DRUGS, draw.randrange(3))
    disease, code = draw.choice(DISEASES)
    inclusion = "\n".join(f"          -  {item}" for item in (f"{sign} disease at screening", *items[:3]))
    exclusion = "\n".join(f"          -  {item}" for item in items[3:])
    return {
        "nctid": f"NCT{90_000_000 + number}",
        "status": "completed" if label else "terminated",
        "why_stop": "" if label else "slow accrual",
        "label": str(label),
        "phase": "phase 1" if number % 3 else "phase 1/phase 2",
        "diseases": str([disease]),
        "icdcodes": str([str([code])]),
        "drugs": str([name for name, _ in chosen]),
        "smiless": str([smiles for _, smiles in chosen]),
        "criteria": f"\n    Inclusion Criteria:\n\n{inclusion}\n\n    Exclusion Criteria:\n\n{exclusion}\n",
    }


def write_top(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = COLUMNS) -> Path:
    """Write rows as one CSV file, with only the named columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_splits(folder: Path, phase: str = "I", first: int = 0, sizes: tuple[int, int, int] = (60, 20, 20)) -> Path:
    """Write the three splits of a phase, rows numbered from ``first``."""
    for split, size in zip(("train", "valid", "test"), sizes, strict=True):
        write_top(folder / f"phase_{phase}_{split}.csv", [top_row(first + number) for number in range(size)])
        first += size
    return folder
