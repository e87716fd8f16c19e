"""Trains the demonstration model on one CPU thread: python3 train.py OUT.pt --tokenizer tokenizer.json --steps N

Every row is one conversation from position 0, rows of like length share a micro-batch, and the loss is on the
assistant's tokens. The schedule depends on the step and never on the clock, so that a run can be repeated.
"""
import argparse
import dataclasses
import hashlib
import math
import time

import torch

from generate import MIX, Generator
from model import Config, Model, Muon
import tokenizer
from tokenizer import END, START

ROW_MAX = 960              # tokens of one conversation; longer ones are cut
SPELL = 0.02               # share of known words of a question that arrive in letters, like unknown words do
COPY_SHARE = 0.07         # share of the first leg that begins with copying, because it makes attention heads form early
COPY_MIX = dict(copy=25, fact=32, off=11, long=2, talk=2, capital=5, convert=8, plural=10, weekday=3, opposite=2)


def encode_chat(tok, chat, spell):
    """(ids, graded) of a conversation in ChatML; graded marks the assistant's tokens and their <|im_end|>."""
    ids, graded = [], []
    for role, text in chat:
        head = [START] + tok.encode(role + "\n")
        body = tok.encode(text, spell if role == "user" else None) + [END]
        tail = tok.encode("\n")
        ids += head + body + tail
        graded += [False] * len(head) + [role == "assistant"] * len(body) + [False] * len(tail)
    return ids[:ROW_MAX], graded[:ROW_MAX]


def batches(tok, gen, size, pool=1500):
    """Endless micro-batches (x, y) [B, T] of at most `size` positions; y is -1 where nothing is graded."""
    spell = lambda: gen.r.random() < SPELL
    while True:
        rows = []
        for _ in range(pool):
            chat = gen.sample()
            if gen.r.random() < .006:                                    # a long chat now and then, for the later positions
                for _ in range(8): chat += [turn for turn in gen.sample() if turn[0] != "system"]
            rows.append(encode_chat(tok, chat, spell))
        rows.sort(key=lambda row: len(row[0]))
        groups, group = [], []
        for row in rows:
            if group and len(row[0]) * (len(group) + 1) > size: groups.append(group); group = []
            group.append(row)
        gen.r.shuffle(groups)                                            # the rest of the pool is dropped
        for group in groups:
            t = max(len(ids) for ids, _ in group) - 1
            x, y = torch.zeros(len(group), t, dtype=torch.long), torch.full((len(group), t), -1)
            for j, (ids, graded) in enumerate(group):
                x[j, :len(ids) - 1] = torch.tensor(ids[:-1])
                y[j, :len(ids) - 1] = torch.tensor([i if g else -1 for i, g in zip(ids[1:], graded[1:])])
            yield x, y


def weights_hash(m):
    """SHA-256 over all weights in the order of their names."""
    h = hashlib.sha256()
    for _, w in sorted(m.state_dict().items()): h.update(w.numpy().tobytes())
    return h.hexdigest()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("--tokenizer", required=True)
    p.add_argument("--steps", type=int, required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--lr", type=float, default=4e-3)
    p.add_argument("--warm", type=int, default=60, help="steps of warm-up")
    p.add_argument("--size", type=int, default=1024, help="positions per micro-batch")
    p.add_argument("--micro", type=int, default=3, help="micro-batches per step")
    p.add_argument("--fp32", action="store_true", help="no bfloat16 matrix products")
    p.add_argument("--until", type=int, default=0, help="stop after this step; checkpoints are written every 250 steps")
    p.add_argument("--init", help="go on from the weights of this checkpoint")
    p.add_argument("--leg", type=int, default=1, help="which leg of the training (generate.py)")
    a = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    tok = tokenizer.load(a.tokenizer)
    m = Model(Config(len(tok)), bf16=not a.fp32)
    if a.init: m.load_state_dict(torch.load(a.init)["weights"])
    muon = Muon(m.matrices())
    chosen = {id(w) for w in muon.params}
    adam = torch.optim.AdamW([w for w in m.parameters() if id(w) not in chosen], lr=a.lr, betas=(0.9, 0.95), weight_decay=0.0)
    print("parameters", sum(w.numel() for w in m.parameters()), "vocabulary", len(tok), vars(a), flush=True)
    gen = Generator(a.seed, a.leg)
    gen.mix = COPY_MIX if a.leg == 1 else MIX[a.leg]
    feed, begin, seen, mean = batches(tok, gen, a.size), time.time(), 0, None

    def save():
        torch.save(dict(weights=m.state_dict(), config=dataclasses.asdict(m.c)), a.out)

    for step in range(a.steps):
        done = step / a.steps
        gen.mix = COPY_MIX if a.leg == 1 and done < COPY_SHARE else MIX[a.leg]
        lr = a.lr * min(1, (step + 1) / a.warm) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        group = [next(feed) for _ in range(a.micro)]
        total, loss = sum(int((y >= 0).sum()) for _, y in group), 0.0
        for w in m.parameters(): w.grad = None
        for x, y in group:
            part, n = m.loss(x, y)
            (part * (n / total)).backward()
            loss += part.item() * n / total
            seen += x.numel()
        torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
        muon.step(lr)
        for g in adam.param_groups: g["lr"] = lr
        adam.step()
        mean = loss if mean is None else 0.95 * mean + 0.05 * loss
        if step % 25 == 0 or step == a.steps - 1:
            s = time.time() - begin
            print(f"step {step} loss {mean:.4f} lr {lr:.5f} positions {seen} {s / (step + 1):.3f} s/step {s:.0f} s", flush=True)
        if step and step % 250 == 0: save()
        if a.until and step >= a.until: return
    save()
    print("weights sha256", weights_hash(m))


if __name__ == "__main__":
    main()
