"""Canonical protobuf by hand: a message has exactly one encoding, every other one is refused.

A schema maps field numbers to (name, kind). Kinds: "uint32", "uint64", "sint32", "enum", "bytes",
"string", a schema (a submessage), or a list of one kind (repeated). Rules: docs/spec/encoding.md.
"""

from typing import Any

Schema = dict[int, tuple[str, Any]]
VARINT, LENGTH_DELIMITED = 0, 2
BITS = {"uint32": 32, "uint64": 64, "sint32": 32, "enum": 31}


class Malformed(Exception):
    """Says what is wrong with a file; never more than that."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise Malformed("it ends early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise Malformed("a number is too long")


def write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def empty(kind: Any) -> Any:
    """What a field is that does not stand in the message."""
    if isinstance(kind, list):
        return []
    if isinstance(kind, dict):
        return None
    return {"bytes": b"", "string": ""}.get(kind, 0)


def decode(schema: Schema, data: bytes) -> dict[str, Any]:
    """Also refuses unknown fields, fields that stand there twice, and whatever is not canonical."""
    message = {name: empty(kind) for name, kind in schema.values()}
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        if tag >> 3 not in schema:
            raise Malformed(f"there is no field {tag >> 3}")
        name, kind = schema[tag >> 3]
        value, at = read_value(kind[0] if isinstance(kind, list) else kind, tag & 7, data, at)
        if isinstance(kind, list):
            message[name].append(value)
        else:
            message[name] = value
    if encode(schema, message) != data:
        raise Malformed("it is not in canonical form")
    return message


def read_value(kind: Any, wire_type: int, data: bytes, at: int) -> tuple[Any, int]:
    is_number = isinstance(kind, str) and kind in BITS
    if wire_type != (VARINT if is_number else LENGTH_DELIMITED):
        raise Malformed("a field is of another type")
    number, at = read_varint(data, at)
    if is_number:
        if number >> BITS[kind] != 0:
            raise Malformed("a number is too large")
        return (number >> 1) ^ -(number & 1) if kind == "sint32" else number, at
    if number > len(data) - at:
        raise Malformed("it ends early")
    content = data[at : at + number]
    if isinstance(kind, dict):
        return decode(kind, content), at + number
    if kind == "string":
        try:
            return content.decode("utf-8"), at + number
        except UnicodeDecodeError as error:
            raise Malformed("a text is not UTF-8") from error
    return content, at + number


def encode(schema: Schema, message: dict[str, Any]) -> bytes:
    """Fields in order of their numbers, shortest varints, defaults left out."""
    out = b""
    for number, (name, kind) in sorted(schema.items()):
        value = message[name]
        if isinstance(kind, list):
            out += b"".join(encode_field(number, kind[0], one) for one in value)
        elif value != empty(kind):
            out += encode_field(number, kind, value)
    return out


def encode_field(number: int, kind: Any, value: Any) -> bytes:
    if isinstance(kind, str) and kind in BITS:
        plain = (value << 1) ^ (value >> 31) if kind == "sint32" else value
        return write_varint(number << 3 | VARINT) + write_varint(plain)
    if isinstance(kind, dict):
        content = encode(kind, value)
    else:
        content = value.encode("utf-8") if kind == "string" else value
    return write_varint(number << 3 | LENGTH_DELIMITED) + write_varint(len(content)) + content
