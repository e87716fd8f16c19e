"""Words-or-letters tokenizer in the Hugging Face tokenizer.json format.

Frequent words of the training text are one token each; everything else (rare words, names, typing errors) is spelled
in letters. In tokenizer.json this is a byte-level BPE whose only merges are space+letter and hyphen+letter, with
`ignore_merges` so that whole words of the vocabulary are taken first. `python3 tokenizer.py tokenizer.json` trains it.
"""
import collections
import json
import re
import string
import sys

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
START, END = 1, 2
PIECES_PY = re.compile(r"[ \-]?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
PIECES_JS = r"[ \-]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def byte_letters():
    """GPT-2's printable stand-in for every byte: {byte: character}."""
    keep = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table = {b: chr(b) for b in keep}
    for b in range(256):
        table.setdefault(b, chr(256 + len(table) - len(keep)))
    return table


LETTER = byte_letters()
BYTE = {letter: b for b, letter in LETTER.items()}
MERGES = [(LETTER[ord(first)], letter) for first in " -" for letter in string.ascii_letters]


class Tokenizer:
    """Ids: specials, 256 bytes, merged letters, whole words."""

    def __init__(self, words):
        self.words = list(words)
        self.names = SPECIAL + [LETTER[b] for b in range(256)] + [a + b for a, b in MERGES] + self.words
        self.id = {name: i for i, name in enumerate(self.names)}

    def __len__(self):
        return len(self.names)

    def letters(self, piece):
        """Ids of a piece that is spelled out."""
        s = [LETTER[b] for b in piece.encode()]
        if len(s) > 1 and s[0] + s[1] in self.id and (s[0], s[1]) in MERGE_SET: s[:2] = [s[0] + s[1]]
        return [self.id[x] for x in s]

    def encode(self, text, spell=None):
        """Ids of a text. `spell()` may return True to spell a known word in letters (noise for training)."""
        ids = []
        for piece in PIECES_PY.findall(text):
            whole = self.id.get("".join(LETTER[b] for b in piece.encode()))
            if whole is None or (spell and spell()): ids += self.letters(piece)
            else: ids.append(whole)
        return ids

    def decode(self, ids):
        return bytes(BYTE[c] for i in ids if i >= len(SPECIAL) for c in self.names[i]).decode("utf-8", "replace")

    def save(self, path):
        special = [dict(id=i, content=s, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True) for i, s in enumerate(SPECIAL)]
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
        split = {"type": "Split", "pattern": {"Regex": PIECES_JS}, "behavior": "Isolated", "invert": False}
        model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                 "byte_fallback": False, "ignore_merges": True, "vocab": self.id, "merges": [f"{a} {b}" for a, b in MERGES]}
        with open(path, "w") as f:
            json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None, "post_processor": None, "decoder": byte_level,
                       "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]}, "model": model}, f, ensure_ascii=False, indent=0)


MERGE_SET = set(MERGES)


def load(path):
    with open(path) as f: vocab = json.load(f)["model"]["vocab"]
    return Tokenizer(sorted(vocab, key=vocab.get)[len(SPECIAL) + 256 + len(MERGES):])


def train(texts, size, letters=()):
    """The most frequent pieces of two bytes or more; ties go to the alphabetically first, so the text alone decides.
    The words of `letters` are never whole: what is done to them has to be learnt letter by letter."""
    count = collections.Counter(p for t in texts for p in PIECES_PY.findall(t))
    known = {a + b for a, b in MERGES}
    words = {"".join(LETTER[b] for b in p.encode()): n for p, n in count.items() if len(p.encode()) > 1}
    spelled = {(LETTER[ord(c)] if c else "") + w for word in letters for w in (word, word.capitalize(), word.upper()) for c in ("", " ")}
    words = {w: n for w, n in words.items() if n >= 5 and w not in known and w not in spelled}
    return Tokenizer(sorted(words, key=lambda w: (-words[w], w))[:size - len(SPECIAL) - 256 - len(MERGES)])


if __name__ == "__main__":
    import facts
    import skills
    from generate import Generator
    fixed = [a for _, _, a in facts.FACTS.values()] + [t for _, t in facts.LONG.values()] + [facts.REFUSAL, facts.HELLO, facts.WHO, facts.CAN, facts.THANKS, facts.BYE, facts.HOW]
    gen = Generator(12345, 1)
    texts = fixed * 1000 + ["user\nassistant\nsystem\n"] * 1000
    for _ in range(40000): texts.append(gen.fact()[0])
    texts += skills.words() * 500
    for name in skills.FRAMES: texts += [gen.skill(name)[0] for _ in range(600)]
    for _ in range(4000): texts += [gen.off()[0], gen.long()[0], gen.talk()[0]]
    nouns = [form for w in [*skills.PLURALS, *skills.REGULAR] for form in (w, skills.plural(w))]
    tok = train(texts, int(sys.argv[2]) if len(sys.argv) > 2 else 2560, nouns)
    tok.save(sys.argv[1])
    sample = [t for _ in range(3000) for _, t in gen.sample()]
    print(len(tok), "tokens;", round(sum(map(len, sample)) / sum(len(tok.encode(t)) for t in sample), 2), "characters per token; rarest:", tok.words[-20:])
