"""Asks the held-out questions and prints a table: python3 evaluate.py MODEL.pt TOKENIZER.json [--cases FILE]

A fact question is right when the answer holds the required words (as in facts.json); "exact" counts answers that equal
the canonical one word for word. --cases writes the questions for answer.mjs, which asks the exported file.
"""
import json
import sys

import torch

from decode import answers
from facts import FACTS, HELLO, LONG, LONG_QUESTION, REFUSAL, WHO, passes
from generate import TOPIC, Generator
from heldout import FACT_QUESTIONS, FRESH_OFF_TOPIC, FRESH_QUESTIONS, LONG_QUESTIONS, OFF_TOPIC_QUESTIONS, SECOND_OFF_TOPIC, SECOND_QUESTIONS, normal
import skills
from model import load
import tokenizer


def cases():
    """[(kind, id, chat, canonical answer)] of every held-out question."""
    out = [("fresh fact", k, [("user", q)], FACTS[k][2]) for k, qs in FRESH_QUESTIONS.items() for q in qs]
    out += [("second fact set", k, [("user", q)], FACTS[k][2]) for k, qs in SECOND_QUESTIONS.items() for q in qs]
    out += [("fresh off-topic", q, [("user", q)], REFUSAL) for q in FRESH_OFF_TOPIC]
    out += [("second off-topic set", q, [("user", q)], REFUSAL) for q in SECOND_OFF_TOPIC]
    out += [("development facts", k, [("user", q)], FACTS[k][2]) for k, qs in FACT_QUESTIONS.items() for q in qs]
    out += [("fact with system prompt", k, [("system", "You are a helpful assistant."), ("user", qs[0])], FACTS[k][2]) for k, qs in FACT_QUESTIONS.items()]
    out += [("development off-topic", q, [("user", q)], REFUSAL) for q in OFF_TOPIC_QUESTIONS]
    out += [("long", k, [("user", q)], LONG[k][1]) for k, qs in LONG_QUESTIONS.items() for q in qs]
    out += [("documented long question", "overview", [("user", LONG_QUESTION)], LONG["overview"][1])]
    ids = list(FACTS)
    out += [("second turn", k, [("user", "hello"), ("assistant", HELLO), ("user", FACT_QUESTIONS[k][1])], FACTS[k][2]) for k in ids[::2]]
    out += [("second turn", k, [("user", FACT_QUESTIONS[k][0]), ("assistant", FACTS[k][2]), ("user", FACT_QUESTIONS[ids[i - 7]][0])], FACTS[ids[i - 7]][2]) for i, k in enumerate(ids) if i % 2]
    out += [("tell me more", k, [("user", FACT_QUESTIONS[k][0]), ("assistant", FACTS[k][2]), ("user", "please tell me a bit more about this")], LONG[TOPIC[k]][1]) for k in ids[::3]]
    out += [("small talk", q, [("user", q)], a) for q, a in (("Hello!", HELLO), ("Hi there, model", HELLO), ("Who am I speaking with?", WHO), ("What's your name?", WHO))]
    out += [(f"skill: {name}", "", [("user", q)], a) for name, q, a in skills.cases()]
    gen = Generator(777)
    for _ in range(100):
        q, a, _ = gen.fact()
        out.append(("generator's own wordings", "", [("user", q)], a))
    return out


def right(kind, want, got):
    """Facts are graded by their required words, everything else by the whole text."""
    for _, required, answer in FACTS.values():
        if answer == want: return passes(required, got)
    return "only know about Cocoon" in got if want == REFUSAL else got == want


def seen(draws=100000):
    """How many held-out questions the generator draws itself (as the same set of words)."""
    gen = Generator(4321)
    held = {normal(q) for table in (FACT_QUESTIONS, SECOND_QUESTIONS, FRESH_QUESTIONS) for qs in table.values() for q in qs} | {normal(q) for q in OFF_TOPIC_QUESTIONS + SECOND_OFF_TOPIC + FRESH_OFF_TOPIC}
    hits = {normal(q) for _ in range(draws) for q in (gen.fact()[0], gen.off()[0])} & held
    return len(hits), len(held)


def table(todo, texts):
    """Prints one line per kind, then the weak facts; returns the wrong cases."""
    score, wrong, facts = {}, [], {}
    for (kind, key, chat, want), got in zip(todo, texts):
        ok, line = right(kind, want, got), score.setdefault(kind, [0, 0, 0])
        line[0] += ok; line[1] += got == want; line[2] += 1
        if kind in ("fresh fact", "second fact set", "development facts"): facts.setdefault(key, []).append(ok)
        if not ok: wrong.append((kind, key, chat[-1][1], got))
    for kind, (ok, exact, n) in score.items(): print(f"{kind:28} {ok:3}/{n:<3} {100 * ok / n:5.1f} %   exact {exact}/{n}")
    print("facts with misses, all sets:", {k: f"{sum(v)}/{len(v)}" for k, v in facts.items() if not all(v)})
    return wrong


def main():
    torch.set_num_threads(1)
    m, tok, todo = load(sys.argv[1]), tokenizer.load(sys.argv[2]), cases()
    if "--cases" in sys.argv:
        with open(sys.argv[sys.argv.index("--cases") + 1], "w") as f: json.dump([dict(kind=k, id=i, chat=c, want=w) for k, i, c, w in todo], f)
    ids = answers(m, tok, [chat for _, _, chat, _ in todo])
    wrong = table(todo, [tok.decode(i) for i in ids])
    long = [len(i) for (kind, *_), i in zip(todo, ids) if kind == "documented long question"]
    print("tokens of the documented long answer:", long[0])
    if "--seen" in sys.argv: print("held-out questions that the generator can draw: %d of %d" % seen())
    for kind, key, question, got in wrong: print(f"- {kind} | {key} | {question} | {got[:110]}")


if __name__ == "__main__":
    main()
