"""Train the demonstration model `tiny` from scratch and write it as GGUF.

    python training/train_tiny.py --data FOLDER

FOLDER holds `seals/` and `sea-safeguardbench/`. README.md beside this file says more.
"""

import argparse
import csv
import math
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import tiny_data
import torch
from teacher import Teacher
from tiny_data import Record, Sentences
from tiny_gguf import round_weights, write_gguf
from tiny_items import Item, LongItems, draw_harmful, draw_safe, epoch_items
from tiny_model import Decoder, Shape
from tiny_tokenizer import (
    INSTRUCTIONS,
    SAFE,
    UNSAFE,
    PromptEncoder,
    save_tokenizer,
    train_tokenizer,
)
from tokenizers import Tokenizer
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

ROOT = Path(__file__).resolve().parent.parent
THREADS = 1
DROPOUT = 0.2
PEAK_RATE = 1e-3
AVERAGED_OVER = 500  # steps
TAUGHT_PER_LANGUAGE = 150
# How far, in logits, the teacher's labels move towards safe: in SEALS questions are mostly harmful,
# and anywhere else they are not. It moves no order, and so no average precision.
TOWARDS_SAFE = 1.0
PARTS = 1.5  # of an epoch's prompts that have a teacher
WEIGHT_DECAY = 0.1
BATCH_TOKENS, BATCH_ITEMS = 2048, 32
LONGEST_TEXT = 160
LONGEST_JOINED = 960
CHARACTERS_PER_LANGUAGE, CHARACTERS_PER_OTHER = 300_000, 60_000
LARGEST_MODEL = 4_000_000

# Ids after the shared part, and P(harmful) to learn.
Encoded = tuple[list[int], float]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--out", type=Path, default=ROOT / "seaguard_cli" / "tiny.gguf")
    parser.add_argument(
        "--tokenizer", type=Path, default=ROOT / "tests" / "data" / "tiny_tokenizer.json"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=2)
    return parser.parse_args()


def training_records(data: Path) -> list[Record]:
    """The records to train on, none of which is held out."""
    held_out = tiny_data.read_seals(data / "seals" / "val.csv")
    held_out += tiny_data.read_wild(data / "sea-safeguardbench" / "in-the-wild")
    records = tiny_data.read_seals(data / "seals" / "train.csv")
    records += tiny_data.read_general(data / "sea-safeguardbench" / "general")
    kept = tiny_data.without(records, [record.prompt for record in held_out])
    print(f"{len(kept)} records; {len(records) - len(kept)} left out, as they are held out")
    return kept


def teach(data: Path, languages: list[Sentences]) -> Teacher:
    """The teacher of SEALS' training prompts, who knows own sentences too."""
    rng = random.Random(0)
    own = {}
    for language in languages:
        for _ in range(TAUGHT_PER_LANGUAGE):
            own |= {draw_safe(language, rng): False, draw_harmful(language, rng): True}
    with (data / "seals" / "train.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return Teacher(
        [row["prompt"] for row in rows],
        [row["label"] != "safe" for row in rows],
        [row["ID"] for row in rows],
        own,
    )


def towards_safe(labels: Mapping[str, float]) -> dict[str, float]:
    """The labels, each P(harmful) moved by TOWARDS_SAFE logits."""
    odds = math.exp(-TOWARDS_SAFE)
    return {text: p * odds / (1 - p + p * odds) for text, p in labels.items()}


def tokenizer_texts(records: list[Record], languages: list[Sentences]) -> Iterator[str]:
    """Texts to learn merges from: about the same number of characters in each language."""
    rng = random.Random(0)
    by_language = {
        own.language: [draw(own, rng) for draw in (draw_safe, draw_harmful) for _ in range(900)]
        for own in languages
    }
    ours = set(by_language)
    for record in records:
        by_language.setdefault(record.language, []).extend((record.prompt, record.response))
    for language, texts in sorted(by_language.items()):
        texts = [text[:1000] for text in texts if text]
        rng.shuffle(texts)
        left = CHARACTERS_PER_LANGUAGE if language in ours else CHARACTERS_PER_OTHER
        for place in range(10 * len(texts)):
            text = texts[place % len(texts)]
            left -= len(text)
            if left < 0:
                break
            yield text
    # Often enough that the verdicts and the words of the instruction become tokens.
    for words in (SAFE, UNSAFE, *INSTRUCTIONS.values(), "\nHuman user", "\nAI assistant"):
        yield from [words] * 500


def batches(
    items: list[Item], encoder: PromptEncoder, soft: Mapping[str, float], rng: random.Random
) -> list[tuple[str, list[Encoded]]]:
    """The items in batches of one task and about one length, in random order."""
    made = []
    for task in INSTRUCTIONS:
        encoded = sorted(
            (encode(item, encoder, soft) for item in items if item.task == task),
            key=lambda one: (len(one[0]), rng.random()),
        )
        batch: list[Encoded] = []
        for one in encoded:
            if batch and (
                len(batch) == BATCH_ITEMS or (len(batch) + 1) * len(one[0]) > BATCH_TOKENS
            ):
                made.append((task, batch))
                batch = []
            batch.append(one)
        if batch:
            made.append((task, batch))
    rng.shuffle(made)
    return made


def encode(item: Item, encoder: PromptEncoder, soft: Mapping[str, float]) -> Encoded:
    """An item's ids, the end of a long text cut, and its label: the teacher's if it has one."""
    # A joined text must be whole, as its harmful sentence may come last.
    limit = LONGEST_JOINED if item.joined else LONGEST_TEXT
    ids = encoder.rest_ids(item.task, item.prompt, item.response, limit)
    label = 0.0 if item.safe else 1.0
    return ids, soft.get(item.prompt, label) if item.task == "prompt" else label


def batch_loss(
    model: Decoder, encoder: PromptEncoder, task: str, batch: list[Encoded]
) -> torch.Tensor:
    """The summed cross-entropy over the whole vocabulary, against P(harmful) of each label."""
    lengths = torch.tensor([len(ids) for ids, _ in batch])
    rest = torch.zeros(len(batch), int(lengths.max()), dtype=torch.long)
    for row, (ids, _) in enumerate(batch):
        rest[row, : len(ids)] = torch.tensor(ids)
    logits = model(torch.tensor(encoder.shared[task]), rest, lengths)
    log_p = functional.log_softmax(logits, dim=-1)
    harmful = torch.tensor([label for _, label in batch])
    unsafe, safe = (log_p[:, encoder.verdict_ids[word]] for word in (UNSAFE, SAFE))
    return -(harmful * unsafe + (1 - harmful) * safe).sum()


def optimizer_for(model: Decoder) -> torch.optim.AdamW:
    """AdamW that decays matrices only."""
    matrices = [weight for weight in model.parameters() if weight.dim() == 2]
    norms = [weight for weight in model.parameters() if weight.dim() != 2]
    groups = [
        {"params": matrices, "weight_decay": WEIGHT_DECAY},
        {"params": norms, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98))


def rate_at(done: float) -> float:
    """The learning rate when this fraction of the training is done."""
    warm = min(1.0, done / 0.04)
    return PEAK_RATE * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def run_epoch(
    model: Decoder,
    averaged: AveragedModel,
    optimizer: torch.optim.AdamW,
    encoder: PromptEncoder,
    made: list[tuple[str, list[Encoded]]],
    span: tuple[float, float],
) -> float:
    """Train on the batches, the fraction of the training going over `span`; the mean loss."""
    total, count = 0.0, 0
    for number, (task, batch) in enumerate(made):
        done = span[0] + (span[1] - span[0]) * number / len(made)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(done)
        loss = batch_loss(model, encoder, task, batch)
        optimizer.zero_grad()
        # Each item counts the same, however many share its batch.
        (loss / BATCH_ITEMS).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(model)
        total, count = total + loss.item(), count + len(batch)
    return total / count


def train(
    tokenizer: Tokenizer,
    records: list[Record],
    teacher: Teacher,
    languages: list[Sentences],
    epochs: int,
    seed: int,
) -> Decoder:
    """The trained decoder."""
    encoder = PromptEncoder(tokenizer)
    model = Decoder(Shape(tokenizer.get_vocab_size()), DROPOUT)
    print(f"{sum(weight.numel() for weight in model.parameters())} parameters")
    optimizer = optimizer_for(model)
    long = LongItems(records, languages, lambda text: len(encoder.text_ids(text)))
    known = teacher.labels()
    began = time.process_time()
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / AVERAGED_OVER))
    for epoch in range(epochs):
        rng = random.Random(f"{seed} {epoch}")
        items = epoch_items(records, languages, long, rng)
        parts = teacher.parts(int(PARTS * len(known)), rng)
        items += [Item("prompt", part, "", safe=soft < 0.5) for part, soft in parts.items()]
        made = batches(items, encoder, towards_safe(parts | known), rng)
        loss = run_epoch(
            model, averaged, optimizer, encoder, made, (epoch / epochs, (epoch + 1) / epochs)
        )
        spent = time.process_time() - began
        print(f"epoch {epoch + 1}: loss {loss:.4f}, {spent:.0f} seconds", flush=True)
    return averaged.module.eval()


def main() -> None:
    """Train, and write the model and its tokenizer."""
    options = arguments()
    torch.set_num_threads(THREADS)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(options.seed)
    records = training_records(options.data)
    languages = tiny_data.read_sentences(ROOT / "training" / "sentences")
    examples = tiny_data.read_json_lines(ROOT / "examples" / "sentences.jsonl")
    texts = [text for own in languages for text in own.texts()]
    texts += [text for record in records for text in (record.prompt, record.response)]
    tiny_data.check_examples([example["text"] for example in examples], texts)
    tokenizer = train_tokenizer(tokenizer_texts(records, languages))
    model = train(
        tokenizer, records, teach(options.data, languages), languages, options.epochs, options.seed
    )
    round_weights(model)
    write_gguf(model, tokenizer, options.out)
    save_tokenizer(tokenizer, options.tokenizer)
    size = options.out.stat().st_size
    if size > LARGEST_MODEL:
        raise SystemExit(f"{size} bytes are too many")
    print(f"{options.out.name}: {size} bytes")


if __name__ == "__main__":
    main()
