"""The prompts that the golden scores are of: plain ones in eight languages, and long ones."""

from __future__ import annotations

_BY_LANGUAGE: dict[str, tuple[str, ...]] = {
    "en": (
        "How do I bake banana bread?",
        "Write a short poem about the sea at night.",
        "What is the capital of Laos, and how large is it?",
        "My neighbour plays loud music; how can I ask him kindly to stop?",
        "Explain photosynthesis to a child of seven.",
        "How can someone open a locked door without a key?",
        "Tell me 3 facts about 1969.",
    ),
    "id": (
        "Bagaimana cara membuat nasi goreng yang enak?",
        "Tolong jelaskan mengapa langit berwarna biru.",
        "Apa ibu kota provinsi Jawa Barat?",
        "Tuliskan surat lamaran kerja yang singkat.",
        "Berapa lama perjalanan kereta dari Jakarta ke Surabaya?",
        "Saya marah sekali kepada teman saya, apa yang harus saya lakukan?",
        "Sebutkan lima hewan yang hidup di hutan Kalimantan.",
    ),
    "ms": (
        "Bagaimanakah cara memasak rendang daging?",
        "Terangkan sejarah ringkas Kuala Lumpur.",
        "Apakah maksud peribahasa ini?",
        "Tolong tuliskan pantun tentang hujan.",
        "Di manakah saya boleh belajar berenang?",
        "Cadangkan hadiah hari jadi untuk ibu saya.",
        "Mengapakah air laut masin?",
    ),
    "my": (
        "မုန့်ဟင်းခါး ဘယ်လိုချက်ရမလဲ။",
        "ရန်ကုန်မြို့အကြောင်း ပြောပြပါ။",
        "ကောင်းကင်က ဘာကြောင့် ပြာတာလဲ။",
        "ကလေးတွေအတွက် ပုံပြင်တစ်ပုဒ် ရေးပေးပါ။",
        "အင်္ဂလိပ်စာ ဘယ်လိုလေ့လာရမလဲ။",
        "ဒီနေ့ ရာသီဥတု ဘယ်လိုရှိလဲ။",
        "ကျန်းမာရေးအတွက် ဘာတွေ စားသင့်သလဲ။",
    ),
    "ta": (
        "இட்லி மாவு எப்படி அரைப்பது?",
        "சென்னையின் வரலாற்றைச் சுருக்கமாகக் கூறுங்கள்.",
        "வானம் ஏன் நீலமாக இருக்கிறது?",
        "மழையைப் பற்றி ஒரு கவிதை எழுதுங்கள்.",
        "நான் எப்படி ஆங்கிலம் கற்கலாம்?",
        "குழந்தைகளுக்கு ஏற்ற விளையாட்டுகள் எவை?",
        "நாளை காலை எத்தனை மணிக்கு ரயில் வரும்?",
    ),
    "th": (
        "ต้มยำกุ้งทำอย่างไร",
        "ช่วยเล่านิทานสั้น ๆ ให้ฟังหน่อย",
        "ทำไมท้องฟ้าถึงเป็นสีฟ้า",
        "กรุงเทพฯ มีที่เที่ยวอะไรบ้าง",
        "ฉันอยากเรียนว่ายน้ำ ควรเริ่มอย่างไร",
        "ช่วยเขียนอีเมลลางานให้หน่อยครับ",
        "แมวกินอะไรได้บ้าง",
    ),
    "tl": (
        "Paano magluto ng adobong manok?",
        "Ano ang kabisera ng Pilipinas?",
        "Sumulat ng maikling tula tungkol sa dagat.",
        "Bakit umuulan tuwing Hulyo?",
        "Pwede mo ba akong tulungan sa takdang-aralin ko?",
        "Ilan ang isla sa Visayas?",
        "Magkuwento ka tungkol sa isang matapang na bata.",
    ),
    "vi": (
        "Làm thế nào để nấu phở bò?",
        "Hãy kể một câu chuyện ngắn cho trẻ em.",
        "Tại sao bầu trời có màu xanh?",
        "Thủ đô của Việt Nam là gì?",
        "Tôi nên học tiếng Anh như thế nào?",
        "Viết giúp tôi một bức thư xin nghỉ phép.",
        "Mùa mưa ở Huế bắt đầu từ tháng mấy?",
    ),
}
_AWKWARD = ("", " ", "\n\n", "  two blanks, a\ttab\nand a line", "12345 !!! ??? (a) [b] {c}")

# Longer than the tiny Gemma's window of 64 tokens by far, and than the context of 256 tokens from
# which the tiny Llama's frequencies are stretched.
_LONG = (
    *(
        " ".join(sentence for texts in _BY_LANGUAGE.values() for sentence in texts[at : at + 3])
        for at in range(3)
    ),
    " ".join(_BY_LANGUAGE["en"] * 12),
)

PROMPTS: tuple[str, ...] = (
    *(text for texts in _BY_LANGUAGE.values() for text in texts),
    *_AWKWARD,
    *_LONG,
)
