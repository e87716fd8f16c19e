"""A Llama-shaped decoder (grouped queries, rotary positions, SwiGLU, RMSNorm, tied embeddings) and the Muon optimiser.

Made for one CPU thread: matrix products may run in bfloat16 while weights, optimiser state, norms and softmax stay in
float32, and the output head is computed only where there is a loss. Shapes: B rows, T positions, D width.
"""
import dataclasses
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclasses.dataclass
class Config:
    vocab: int
    dim: int = 192
    layers: int = 6
    heads: int = 6
    kv_heads: int = 2
    head_dim: int = 32
    hidden: int = 512
    theta: float = 10000.0
    eps: float = 1e-5
    positions: int = 1024


class MatMulBf16(torch.autograd.Function):
    """x [N, K] times w [M, K] transposed, operands rounded to bfloat16; float32 result unless `keep`."""

    @staticmethod
    def forward(ctx, x, w, keep):
        xb, wb = x.to(torch.bfloat16), w.to(torch.bfloat16)
        ctx.save_for_backward(xb, wb)
        ctx.kind = x.dtype
        y = xb @ wb.t()
        return y if keep else y.float()

    @staticmethod
    def backward(ctx, g):
        xb, wb = ctx.saved_tensors
        gb = g.to(torch.bfloat16)
        return (gb @ wb).to(ctx.kind), (gb.t() @ xb).float(), None


def linear(x, w, bf16, keep=False):
    """x w^T for x [..., K] and w [M, K]; with `keep` the result stays in bfloat16."""
    if not bf16: return F.linear(x, w)
    return MatMulBf16.apply(x.reshape(-1, x.shape[-1]), w, keep).view(*x.shape[:-1], w.shape[0])


class RmsNorm(torch.autograd.Function):
    """RMSNorm with a hand-written gradient: fewer walks over memory than autograd's."""

    @staticmethod
    def forward(ctx, x, w, eps):
        scale = torch.rsqrt(torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps))
        n = x * scale
        ctx.save_for_backward(n, scale, w)
        return n * w

    @staticmethod
    def backward(ctx, g):
        n, scale, w = ctx.saved_tensors
        gw = (g * n).flatten(0, -2).sum(0)
        gn = g * w
        dot = torch.einsum("...d,...d->...", gn, n).unsqueeze(-1).div_(n.shape[-1])
        return gn.addcmul_(n, dot, value=-1).mul_(scale), gw, None


class HeadLoss(torch.autograd.Function):
    """Mean cross entropy of h [N, D] against targets y [N] through the head w [V, D]; the gradient is formed at once."""

    @staticmethod
    def forward(ctx, h, w, y, bf16):
        kind = torch.bfloat16 if bf16 else torch.float32
        hb, wb = h.to(kind), w.to(kind)
        p = (hb @ wb.t()).float().softmax(-1)
        rows = torch.arange(len(y))
        loss = -p[rows, y].clamp_min(1e-30).log().mean()
        p[rows, y] -= 1
        g = p.mul_(1 / len(y)).to(kind)
        ctx.save_for_backward((g @ wb).float(), (g.t() @ hb).float())
        return loss

    @staticmethod
    def backward(ctx, g):
        dh, dw = ctx.saved_tensors
        return dh * g, dw * g, None, None


class Block(nn.Module):
    """Weights of one layer: q, k and v in one matrix, gate and up in one matrix."""

    def __init__(self, c):
        super().__init__()
        q, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
        self.qkv = nn.Parameter(torch.empty(q + 2 * kv, c.dim))
        self.out = nn.Parameter(torch.empty(c.dim, q))
        self.gate_up = nn.Parameter(torch.empty(2 * c.hidden, c.dim))
        self.down = nn.Parameter(torch.empty(c.dim, c.hidden))
        self.norm1 = nn.Parameter(torch.ones(c.dim))
        self.norm2 = nn.Parameter(torch.ones(c.dim))


class Model(nn.Module):
    def __init__(self, c, bf16=False):
        super().__init__()
        self.c, self.bf16 = c, bf16
        self.embed = nn.Parameter(torch.empty(c.vocab, c.dim))
        self.blocks = nn.ModuleList([Block(c) for _ in range(c.layers)])
        self.norm = nn.Parameter(torch.ones(c.dim))
        for name, p in self.named_parameters():
            if p.dim() < 2: continue
            scale = 0.02 if name == "embed" else 1 / math.sqrt(p.shape[1])
            if name.endswith(("out", "down")): scale /= math.sqrt(2 * c.layers)
            nn.init.normal_(p, 0, scale)
        angle = torch.outer(torch.arange(c.positions).float(), 1 / c.theta ** (torch.arange(0, c.head_dim, 2).float() / c.head_dim))
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        self.register_buffer("mask", torch.full((c.positions, c.positions), -1e9).triu(1), persistent=False)

    def hidden(self, x):
        """Last hidden states [B, T, D] of token ids [B, T]; every row starts at position 0."""
        c, (b, t) = self.c, x.shape
        nq, nk, hd = c.heads, c.kv_heads, c.head_dim
        cos, sin, h = self.cos[:t], self.sin[:t], self.embed[x]
        for blk in self.blocks:
            z = linear(RmsNorm.apply(h, blk.norm1, c.eps), blk.qkv, self.bf16).view(b, t, nq + 2 * nk, hd).transpose(1, 2)
            first, second = z[:, :nq + nk].split(hd // 2, -1)
            qk = torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
            q, k, v = qk[:, :nq].reshape(b, nk, nq // nk * t, hd), qk[:, nq:], z[:, nq + nk:]
            scores = (q @ k.transpose(-1, -2)).mul(1 / math.sqrt(hd)).view(b, nk, nq // nk, t, t) + self.mask[:t, :t]
            a = scores.softmax(-1).view(b, nk, nq // nk * t, t) @ v
            h = h + linear(a.view(b, nq, t, hd).transpose(1, 2).reshape(b, t, nq * hd), blk.out, self.bf16)
            gate, up = linear(RmsNorm.apply(h, blk.norm2, c.eps), blk.gate_up, self.bf16, keep=True).split(c.hidden, -1)
            h = h + linear(F.silu(gate) * up, blk.down, self.bf16)
        return RmsNorm.apply(h, self.norm, c.eps)

    def loss(self, x, y):
        """(mean cross entropy, number of graded positions) for targets y [B, T], -1 where nothing is graded."""
        h, y = self.hidden(x).reshape(-1, self.c.dim), y.reshape(-1)
        keep = (y >= 0).nonzero().squeeze(1)
        return HeadLoss.apply(h[keep], self.embed, y[keep], self.bf16), keep.numel()

    def matrices(self):
        """The weights that Muon updates; the embedding and the norms go to AdamW."""
        return [p for n, p in self.named_parameters() if p.dim() == 2 and n != "embed"]


def orthogonalise(g, steps=5):
    """Newton-Schulz iteration: roughly the orthogonal matrix with the row and column space of g [M, K]."""
    x = g / (g.norm() + 1e-7)
    flip = x.shape[0] > x.shape[1]
    x = (x.t() if flip else x).to(torch.bfloat16)
    for _ in range(steps):
        m = x @ x.t()
        x = 3.4445 * x + (-4.7750 * m + 2.0315 * (m @ m)) @ x
    x = x.float()
    return x.t() if flip else x


class Muon:
    """Momentum and an orthogonalised update for matrices; the update has about the size of Adam's."""

    def __init__(self, params, momentum=0.95, decay=0.05):
        self.params, self.momentum, self.decay = list(params), momentum, decay
        self.memory = [torch.zeros_like(p) for p in self.params]

    @torch.no_grad()
    def step(self, lr):
        for p, m in zip(self.params, self.memory):
            m.lerp_(p.grad, 1 - self.momentum)
            update = orthogonalise(p.grad.lerp(m, self.momentum))
            p.mul_(1 - lr * self.decay).add_(update, alpha=-lr * 0.2 * math.sqrt(max(p.shape)))


def load(path):
    """The model of a checkpoint that train.py wrote, in float32."""
    saved = torch.load(path)
    m = Model(Config(**saved["config"]))
    m.load_state_dict(saved["weights"])
    return m.eval()
