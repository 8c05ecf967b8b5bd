"""The decoder of `tiny` in torch, computing what llama.cpp computes for architecture llama."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    """The sizes of the decoder, each row of a matrix a multiple of 32 as Q8_0 needs."""

    vocabulary: int
    blocks: int = 3
    width: int = 128
    feed_forward: int = 384
    heads: int = 4
    key_heads: int = 2
    rope_base: float = 10000.0
    epsilon: float = 1e-5
    context: int = 8192

    @property
    def head_width(self) -> int:
        """The width of one attention head."""
        return self.width // self.heads


def rope_table(shape: Shape) -> Tensor:
    """The rotation of every pair at every position as complex numbers of length one."""
    steps = torch.arange(0, shape.head_width, 2).float() / shape.head_width
    angles = torch.outer(torch.arange(shape.context).float(), shape.rope_base**-steps)
    return torch.polar(torch.ones_like(angles), angles)


def rotate(heads: Tensor, rope: Tensor) -> Tensor:
    """Heads (batch, head, position, width) turned; neighbours pair up, as in llama.cpp."""
    pairs = torch.view_as_complex(heads.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * rope).flatten(-2)


# Keys and values, (row, head, position, width) each.
Memory = tuple[Tensor, Tensor]


class Attention(nn.Module):
    """Grouped-query attention."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        key_width = shape.key_heads * shape.head_width
        self.shape = shape
        self.query = nn.Linear(shape.width, shape.width, bias=False)
        self.key = nn.Linear(shape.width, key_width, bias=False)
        self.value = nn.Linear(shape.width, key_width, bias=False)
        self.output = nn.Linear(shape.width, shape.width, bias=False)

    def _heads(self, states: Tensor, projection: nn.Linear) -> Tensor:
        rows, length, _ = states.shape
        return projection(states).view(rows, length, -1, self.shape.head_width).transpose(1, 2)

    def remember(self, states: Tensor, rope: Tensor) -> Memory:
        """What later tokens can attend to."""
        return rotate(self._heads(states, self.key), rope), self._heads(states, self.value)

    def forward(self, states: Tensor, rope: Tensor, memory: Memory, mask: Tensor) -> Tensor:
        """What the states attend to in the memory where the mask lets them."""
        repeats = self.shape.heads // self.shape.key_heads
        keys, values = (part.repeat_interleave(repeats, dim=1) for part in memory)
        query = rotate(self._heads(states, self.query), rope)
        attended = functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        return self.output(attended.transpose(1, 2).reshape(states.shape))


class Block(nn.Module):
    """One layer: attention and a gated feed-forward part, each after a norm."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.attention = Attention(shape)
        self.feed_norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.gate = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.up = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.down = nn.Linear(shape.feed_forward, shape.width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def remember(self, states: Tensor, rope: Tensor) -> Memory:
        """What later tokens can attend to in this layer."""
        return self.attention.remember(self.attention_norm(states), rope)

    def forward(self, states: Tensor, rope: Tensor, memory: Memory, mask: Tensor) -> Tensor:
        """The states after this layer."""
        states = states + self.attention(self.attention_norm(states), rope, memory, mask)
        normed = self.feed_norm(states)
        fed = self.down(functional.silu(self.gate(normed)) * self.up(normed))
        return states + self.dropout(fed)


class Decoder(nn.Module):
    """A small llama, its embeddings tied to the output."""

    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        self.blocks = nn.ModuleList(Block(shape, dropout) for _ in range(shape.blocks))
        self.norm = nn.RMSNorm(shape.width, eps=shape.epsilon)
        self.dropout = nn.Dropout(dropout)
        self._rope = rope_table(shape)
        self.apply(self._start)

    @staticmethod
    def _start(module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.05)

    def forward(self, shared: Tensor, rest: Tensor, lengths: Tensor) -> Tensor:
        """Logits of the token after each row.

        `shared` (ids) comes before every row of `rest` (rows, ids), of which the first
        `lengths` ids count. The shared part is computed once for all rows, and the last
        layer only for each row's last token.
        """
        start, end = len(shared), len(shared) + rest.shape[1]
        causal = torch.ones(end, end, dtype=torch.bool).tril()
        common_rope, rope, mask = self._rope[:start], self._rope[start:end], causal[start:]
        common = self.dropout(self.embedding(shared[None]))
        states = self.dropout(self.embedding(rest))
        for block in self.blocks:
            before = block.remember(common, common_rope)
            memory = joined(before, block.remember(states, rope))
            if block is self.blocks[-1]:
                last = lengths - 1
                states = states[torch.arange(len(rest)), last][:, None]
                rope, mask = rope[last][:, None, None], mask[last][:, None, None]
            else:
                common = block(common, common_rope, before, causal[:start, :start])
            states = block(states, rope, memory, mask)
        return self.norm(states[:, 0]) @ self.embedding.weight.T


def joined(before: Memory, own: Memory) -> Memory:
    """The shared part's memory, set before that of every row."""
    keys, values = (
        torch.cat((first.expand(len(then), -1, -1, -1), then), dim=2)
        for first, then in zip(before, own, strict=True)
    )
    return keys, values
