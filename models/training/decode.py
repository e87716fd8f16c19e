"""Greedy answers in torch with a KV cache, many conversations at a time."""
import math

import torch
import torch.nn.functional as F

from model import RmsNorm
from tokenizer import END, START


def prompt_ids(tok, chat):
    """ChatML ids of a conversation [(role, text), ...] up to the place where the assistant's answer begins."""
    ids = []
    for role, text in chat: ids += [START] + tok.encode(role + "\n") + tok.encode(text) + [END] + tok.encode("\n")
    return ids + [START] + tok.encode("assistant\n")


def step(m, token, cache, t):
    """Logits [B, V] after feeding token [B] at position t; cache is a list of [2, B, KV, T, H] tensors per layer."""
    c, h = m.c, m.embed[token]
    for blk, kv in zip(m.blocks, cache):
        z = F.linear(RmsNorm.apply(h, blk.norm1, c.eps), blk.qkv).view(len(token), c.heads + 2 * c.kv_heads, c.head_dim)
        first, second = z[:, :c.heads + c.kv_heads].split(c.head_dim // 2, -1)
        qk = torch.cat([first * m.cos[t] - second * m.sin[t], second * m.cos[t] + first * m.sin[t]], -1)
        kv[0][:, :, t], kv[1][:, :, t] = qk[:, c.heads:], z[:, c.heads + c.kv_heads:]
        q = qk[:, :c.heads].reshape(len(token), c.kv_heads, -1, c.head_dim)
        scores = (q @ kv[0][:, :, :t + 1].transpose(-1, -2)) / math.sqrt(c.head_dim)
        h = h + F.linear((scores.softmax(-1) @ kv[1][:, :, :t + 1]).reshape(len(token), -1), blk.out)
        gate, up = F.linear(RmsNorm.apply(h, blk.norm2, c.eps), blk.gate_up).split(c.hidden, -1)
        h = h + F.linear(F.silu(gate) * up, blk.down)
    return F.linear(RmsNorm.apply(h, m.norm, c.eps), m.embed)


@torch.no_grad()
def answers(m, tok, chats, limit=300, group=64):
    """Greedy answer ids of each conversation. Rows run in lockstep: a row still inside its prompt is fed its prompt."""
    prompts = [prompt_ids(tok, chat) for chat in chats]
    out, order = [[] for _ in chats], sorted(range(len(chats)), key=lambda i: len(prompts[i]))
    for at in range(0, len(order), group):
        rows = order[at:at + group]
        total = min(m.c.positions, max(len(prompts[i]) for i in rows) + limit)
        cache = [torch.zeros(2, len(rows), m.c.kv_heads, total, m.c.head_dim) for _ in range(m.c.layers)]
        done, token = set(), torch.tensor([prompts[i][0] for i in rows])
        for t in range(total - 1):
            following = step(m, token, cache, t).argmax(-1).tolist()
            for j, i in enumerate(rows):
                if t + 1 < len(prompts[i]): following[j] = prompts[i][t + 1]
                elif following[j] == END or len(out[i]) >= limit: done.add(i)
                elif i not in done: out[i].append(following[j])
            if len(done) == len(rows): break
            token = torch.tensor(following)
    return out
