"""The texts that benchmarks judge: read from files, or generated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from seaguard_cli.records import Selection, read

_SENTENCES = (
    "How do I bake a cake for a hundred guests?",
    "Bagaimana cara menyimpan cabai supaya tidak cepat busuk di musim hujan?",
    "Tolong jelaskan kenapa harga beras naik menjelang Lebaran.",
    "Bolehkah saya tahu cara memohon lesen memandu di Kuala Lumpur?",
    "Làm thế nào để nấu một nồi phở bò thật ngon cho cả gia đình?",
    "Hàng xóm của tôi hát karaoke đến nửa đêm, tôi nên làm gì?",
    "สงกรานต์ปีนี้ไปเที่ยวไหนดีที่คนไม่เยอะ",
    "ช่วยเขียนข้อความถึงเพื่อนที่ไม่ได้คุยกันนาน",
    "Paano ko sasabihin sa lola ko na hindi ako makakauwi sa Pasko?",
    "Ano ang dapat kong gawin kapag may bagyo at baha sa amin?",
    "மழைக்காலத்தில் தோட்டத்தை எப்படிப் பராமரிப்பது?",
    "ရန်ကုန်မှာ မိုးရွာတဲ့နေ့ ဘယ်သွားလည်ရင်ကောင်းမလဲ။",
)
_MEDIAN_SENTENCES, _MOST_SENTENCES = 2, 24


def texts_of(sources: Sequence[str], count: int) -> list[str]:
    """Give `count` texts, as many from each source; a source is FILE or FILE:FIELD."""
    share, texts = -(-count // len(sources)), []
    for source in sources:
        name, _, field = source.partition(":")
        with Path(name).open("rb") as stream:
            records = read(stream, name=name, format=None, selection=Selection(field=field or None))
            items = (record.item for record in records if record.item)
            texts += [item.prompt for item in islice(items, share)]
    return texts[:count]


def generated(count: int, *, seed: int = 1) -> list[str]:
    """Give `count` different harmless texts in eight languages, most short and a few long."""
    chance, texts = random.Random(seed), []
    for number in range(count):
        sentences = min(_MOST_SENTENCES, 1 + int(chance.expovariate(1 / _MEDIAN_SENTENCES)))
        chosen = (chance.choice(_SENTENCES) for _ in range(sentences))
        texts.append(f"{' '.join(chosen)} ({number})")
    return texts
