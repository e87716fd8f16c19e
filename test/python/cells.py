"""TON cells by hand: bags of cells, representation hashes, and the signed cells of a receipt file.

A cell is a row of bits and up to four references (https://docs.ton.org, "Cells as data storage"). Layouts:
docs/spec/settlement.md, "Cells". A bag counts only in the one encoding that `Cell.to_boc` gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from wire import Malformed

BOC_MAGIC = bytes.fromhex("b5ee9c72")
BOC_BYTES_MAX = 1024


def crc32c(data: bytes) -> int:
    """Castagnoli, reflected: RFC 3720, appendix B.4."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@dataclass
class Cell:
    """`bits` is a text of 0 and 1: slow, and plain to read."""

    bits: str = ""
    refs: list[Cell] = field(default_factory=list)

    def uint(self, value: int, size: int) -> Cell:
        self.bits += format(value, f"0{size}b")
        return self

    def int(self, value: int, size: int) -> Cell:
        return self.uint(value % 2**size, size)

    def bytes(self, value: bytes) -> Cell:
        return self.uint(int.from_bytes(value, "big"), 8 * len(value))

    def address(self, account: bytes) -> Cell:
        """addr_std without anycast, workchain 0."""
        return self.uint(0b100, 3).uint(0, 8).bytes(account)

    def coins(self, value: int) -> Cell:
        """VarUInteger 16: the number of bytes in 4 bits, then as few bytes as it takes."""
        size = (value.bit_length() + 7) // 8
        self.uint(size, 4)
        return self.uint(value, 8 * size) if size > 0 else self

    def ref(self, cell: Cell) -> Cell:
        self.refs.append(cell)
        return self

    def head(self) -> bytes:
        """Two descriptors and the bits, which end with a 1 and zeros unless they fill their last byte."""
        whole, rest = divmod(len(self.bits), 8)
        padded = self.bits + ("1" + "0" * (7 - rest) if rest else "")
        data = int(padded or "0", 2).to_bytes(len(padded) // 8, "big")
        return bytes([len(self.refs), 2 * whole + (1 if rest else 0)]) + data

    def depth(self) -> int:
        return max((one.depth() + 1 for one in self.refs), default=0)

    def hash(self) -> bytes:
        depths = b"".join(one.depth().to_bytes(2, "big") for one in self.refs)
        return sha256(self.head() + depths + b"".join(one.hash() for one in self.refs)).digest()

    def to_boc(self) -> bytes:
        """For cells whose references have none themselves: enough for what a receipt file holds."""
        cells = [self, *self.refs]
        body = b""
        for at, cell in enumerate(cells):
            body += cell.head() + bytes(range(at + 1, at + 1 + len(cell.refs)))
        size = 1 if len(body) < 256 else 2
        flags_and_size = 0b0100_0001  # no index, CRC-32C, one byte for a cell's number
        head = BOC_MAGIC + bytes([flags_and_size, size, len(cells), 1, 0])
        bag = head + len(body).to_bytes(size, "big") + bytes([0]) + body
        return bag + crc32c(bag).to_bytes(4, "little")


class Slice:
    def __init__(self, cell: Cell) -> None:
        self.bits, self.refs = cell.bits, list(cell.refs)

    def uint(self, size: int) -> int:
        if size > len(self.bits):
            raise Malformed("a cell ends early")
        taken, self.bits = self.bits[:size], self.bits[size:]
        return int(taken or "0", 2)

    def int(self, size: int) -> int:
        value = self.uint(size)
        return value - 2**size if value >> (size - 1) else value

    def bytes(self, size: int) -> bytes:
        return self.uint(8 * size).to_bytes(size, "big")

    def address(self) -> bytes:
        if self.uint(3) != 0b100 or self.uint(8) != 0:
            raise Malformed("not an address in workchain 0")
        return self.bytes(32)

    def coins(self) -> int:
        return self.uint(8 * self.uint(4))

    def ref(self) -> Slice:
        if not self.refs:
            raise Malformed("a cell has no reference left")
        return Slice(self.refs.pop(0))


def parse_boc(boc: bytes) -> Cell:
    """One root, one byte for a cell's number; whether it is the canonical bag is for `open_cell`."""
    if not 11 <= len(boc) <= BOC_BYTES_MAX or boc[:5] != BOC_MAGIC + b"\x41":
        raise Malformed("not a bag of cells of the one form")
    size, count = boc[5], boc[6]
    at = 10 + size
    heads: list[tuple[str, bytes]] = []
    for _ in range(count):
        if at + 2 > len(boc):
            raise Malformed("a bag of cells ends early")
        d1, d2 = boc[at], boc[at + 1]
        if d1 > 4:
            raise Malformed("not an ordinary cell")
        length = d2 // 2 + d2 % 2
        data, refs = boc[at + 2 : at + 2 + length], boc[at + 2 + length : at + 2 + length + d1]
        if len(data) != length or len(refs) != d1:
            raise Malformed("a bag of cells ends early")
        bits = "".join(format(byte, "08b") for byte in data)
        heads.append((bits.rstrip("0")[:-1] if d2 % 2 else bits, refs))
        at += 2 + length + d1
    cells = [Cell(bits) for bits, _ in heads]
    for index, (_, refs) in enumerate(heads):
        if any(not index < ref < count for ref in refs):
            raise Malformed("a reference leads backwards or nowhere")
        cells[index].refs = [cells[ref] for ref in refs]
    if not cells:
        raise Malformed("an empty bag of cells")
    return cells[0]


def open_cell(layout, boc: bytes) -> tuple[dict, Cell]:
    """Decodes by a layout; the bag must be what the decoded value gives again, byte for byte."""
    read, write = layout
    value = read(Slice(parse_boc(boc)))
    cell = write(value)
    if cell.to_boc() != boc:
        raise Malformed("a cell is not in canonical form")
    return value, cell


def tagged_layout(tag: int, fields: list[tuple[str, str, int]]):
    """A layout of one cell: a 32-bit tag, then fields of (name, kind, size)."""

    def read(source: Slice) -> dict:
        if source.uint(32) != tag:
            raise Malformed("a cell with another tag")
        sized = ("uint", "int", "bytes")
        return {
            name: getattr(source, kind)(*([size] if kind in sized else []))
            for name, kind, size in fields
        }

    def write(value: dict) -> Cell:
        cell = Cell().uint(tag, 32)
        for name, kind, size in fields:
            getattr(cell, kind)(value[name], *([size] if kind in ("uint", "int") else []))
        return cell

    return read, write


VOUCHER = tagged_layout(
    0x56435231,
    [("channel", "address", 0), ("amount", "coins", 0), ("leaf_count", "uint", 32), ("root", "bytes", 32)],
)
PRICE_QUOTE = tagged_layout(
    0x50515431,
    [
        ("global_id", "int", 32),
        ("model_root", "bytes", 32),
        ("prompt", "uint", 64),
        ("cached", "uint", 64),
        ("completion", "uint", 64),
        ("valid_until", "uint", 32),
    ],
)
DELEGATE = tagged_layout(
    0x444C4731, [("global_id", "int", 32), ("response_key", "bytes", 32), ("not_after", "uint", 32)]
)
BILL = tagged_layout(
    0x42494C31,
    [
        ("channel", "address", 0),
        ("leaf_index", "uint", 32),
        ("quote_hash", "bytes", 32),
        ("prompt_tokens", "uint", 32),
        ("cached_tokens", "uint", 32),
        ("completion_tokens", "uint", 32),
        ("used_nano", "coins", 0),
        ("used_total_nano", "coins", 0),
    ],
)


def read_terms(source: Slice) -> dict:
    terms = {"global_id": source.int(32), "client": source.address(), "provider": source.address()}
    terms |= {"close_delay": source.uint(32), "expires_at": source.uint(32), "salt": source.uint(64)}
    return terms | {"client_key": source.bytes(32), "provider_key": source.ref().bytes(32)}


def write_terms(terms: dict) -> Cell:
    cell = Cell().int(terms["global_id"], 32).address(terms["client"]).address(terms["provider"])
    cell.uint(terms["close_delay"], 32).uint(terms["expires_at"], 32).uint(terms["salt"], 64)
    return cell.bytes(terms["client_key"]).ref(Cell().bytes(terms["provider_key"]))


TERMS = (read_terms, write_terms)

# Representation hash and depth of settlement/contracts/uni-channel.code.json.
CHANNEL_CODE_HASH = bytes.fromhex("8aad8b3952a7e41542c360a162e6a6b1b4dc54550055a17a2fe4ce61cfdc379d")
CHANNEL_CODE_DEPTH = 7


def channel_account(terms: dict) -> bytes:
    """The hash of StateInit: the channel's code, and storage of zeros around the terms."""
    data = Cell().coins(0).coins(0).uint(0, 32).uint(0, 1).uint(0, 32).uint(0, 256)
    data.ref(write_terms(terms))
    # No split_depth, not special, code, data, no library; only the hash of the code is known here.
    head = Cell("00110").head()
    descriptor = bytes([2]) + head[1:]
    depths = CHANNEL_CODE_DEPTH.to_bytes(2, "big") + data.depth().to_bytes(2, "big")
    return sha256(descriptor + depths + CHANNEL_CODE_HASH + data.hash()).digest()
