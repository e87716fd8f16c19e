"""The receipt file and its body: shape and ranges (docs/spec/receipts.md), no judgement."""

import re
from hashlib import sha256
from typing import Any

import wire
from wire import Malformed

FILE_BYTES_MAX = 1_048_576
BODY_BYTES_MAX = 1_024

SIGNED_CELL = {1: ("boc", "bytes"), 2: ("signature", "bytes")}
PROOF = {
    1: ("index", "uint32"),
    2: ("count", "uint32"),
    3: ("path", ["bytes"]),
    4: ("other_peaks", ["bytes"]),
}
RECEIPT = {
    1: ("body", "bytes"),
    2: ("signature", "bytes"),
    3: ("bill_boc", "bytes"),
    4: ("bill_signature", "bytes"),
}
EVIDENCE = {
    1: ("mode", "enum"),
    2: ("statement", "bytes"),
    3: ("quote", "bytes"),
    4: ("collateral", "bytes"),
    5: ("gpu_evidence", "bytes"),
    6: ("nonce_proof", PROOF),
    7: ("kind", "enum"),
    8: ("event_log", "bytes"),
}
RECEIPT_FILE = {
    1: ("format", "string"),
    2: ("receipt", RECEIPT),
    3: ("evidence", EVIDENCE),
    4: ("delegate", SIGNED_CELL),
    5: ("price_quote", SIGNED_CELL),
    6: ("terms_boc", "bytes"),
    7: ("proof", PROOF),
    8: ("voucher", SIGNED_CELL),
    9: ("policy_digest", "bytes"),
    10: ("client_nonce", "bytes"),
}
PRICES = {1: ("prompt", "uint64"), 2: ("cached", "uint64"), 3: ("completion", "uint64")}
BODY_FIELDS = [
    ("version", "uint32"),
    ("global_id", "sint32"),
    ("channel", "string"),
    ("leaf_index", "uint32"),
    ("request_id", "bytes"),
    ("previous", "bytes"),
    ("settlement_key", "bytes"),
    ("response_key", "bytes"),
    ("statement_digest", "bytes"),
    ("quote_digest", "bytes"),
    ("tier", "enum"),
    ("model_root", "bytes"),
    ("runtime_digest", "bytes"),
    ("schedule_digest", "bytes"),
    ("prompt_tokens", "uint32"),
    ("cached_tokens", "uint32"),
    ("completion_tokens", "uint32"),
    ("prices", PRICES),
    ("used_nano", "uint64"),
    ("used_total_nano", "uint64"),
    ("request_commitment", "bytes"),
    ("response_commitment", "bytes"),
    ("started_at_s", "uint64"),
    ("ended_at_s", "uint64"),
    ("finish", "enum"),
    ("bill_hash", "bytes"),
]
BODY = dict(enumerate(BODY_FIELDS, start=1))
HASHES = [
    *("settlement_key", "response_key", "statement_digest", "quote_digest", "model_root"),
    *("runtime_digest", "schedule_digest", "request_commitment", "response_commitment", "bill_hash"),
]
TIERS = {1: "open", 2: "simulated", 3: "confidential"}
EPOCH, CHALLENGE = 1, 2
TDX, SEV_SNP = 1, 2


def require(condition: bool, detail: str) -> None:
    if not condition:
        raise Malformed(detail)


def require_size(name: str, data: bytes, least: int, most: int) -> None:
    require(least <= len(data) <= most, f"{name} has {len(data)} bytes")


def tagged(tag: str, *fields: bytes) -> bytes:
    """`tag 00 (u32 length, field)*`: what is signed or hashed begins with what it is."""
    framed = b"".join(len(one).to_bytes(4, "big") + one for one in fields)
    return tag.encode() + b"\0" + framed


def check_proof(proof: dict[str, Any]) -> None:
    hashes = proof["path"] + proof["other_peaks"]
    require(len(proof["path"]) <= 32 and len(proof["other_peaks"]) <= 32, "a proof is too long")
    require(all(len(one) == 32 for one in hashes), "a hash is not 32 bytes")


def check_evidence(evidence: dict[str, Any]) -> None:
    require(evidence["kind"] in (TDX, SEV_SNP), "unknown kind of evidence")
    require(evidence["mode"] in (EPOCH, CHALLENGE), "unknown mode of evidence")
    sizes = {"statement": (1, 8_192), "quote": (1, 32_768), "collateral": (0, 262_144)}
    sizes |= {"gpu_evidence": (0, 393_216), "event_log": (0, 3_072)}
    for name, (least, most) in sizes.items():
        require_size(name, evidence[name], least, most)
    has_proof = evidence["nonce_proof"] is not None
    require((evidence["mode"] == CHALLENGE) == has_proof, "a nonce proof belongs to mode challenge")
    if has_proof:
        check_proof(evidence["nonce_proof"])


def decode_file(data: bytes) -> dict[str, Any]:
    require(len(data) <= FILE_BYTES_MAX, "the file is too large")
    file = wire.decode(RECEIPT_FILE, data)
    require(file["format"] == "cocoon-receipt/1", "unknown format")
    for part in ("receipt", "evidence", "delegate", "price_quote"):
        require(file[part] is not None, "a part is missing")
    require_size("terms", file["terms_boc"], 1, 1_024)
    require_size("policy digest", file["policy_digest"], 32, 32)
    receipt = file["receipt"]
    require_size("body", receipt["body"], 1, BODY_BYTES_MAX)
    require_size("signature", receipt["signature"], 64, 64)
    require_size("bill", receipt["bill_boc"], 1, 1_024)
    require_size("bill signature", receipt["bill_signature"], 64, 64)
    check_evidence(file["evidence"])
    nonce_bytes = 32 if file["evidence"]["mode"] == CHALLENGE else 0
    require_size("client nonce", file["client_nonce"], nonce_bytes, nonce_bytes)
    require((file["proof"] is None) == (file["voucher"] is None), "proof and voucher come together")
    if file["proof"] is not None:
        check_proof(file["proof"])
    for part in ("delegate", "price_quote", "voucher"):
        if file[part] is not None:
            require_size(part, file[part]["boc"], 1, 1_024)
            require_size(f"{part} signature", file[part]["signature"], 64, 64)
    return file


def decode_body(data: bytes) -> dict[str, Any]:
    body = wire.decode(BODY, data)
    require(body["version"] == 1, "unknown version")
    address = r"(?:0|-?[1-9][0-9]{0,9}):[0-9a-f]{64}"
    require(re.fullmatch(address, body["channel"]) is not None, "channel is not a raw address")
    require_size("request id", body["request_id"], 16, 16)
    require(len(body["previous"]) in (0, 32), "previous is not 0 or 32 bytes")
    for name in HASHES:
        require_size(name, body[name], 32, 32)
    require(body["prices"] is not None, "no prices")
    require(body["tier"] in TIERS, "unknown tier")
    require(1 <= body["finish"] <= 5, "unknown finish")
    require(body["cached_tokens"] <= body["prompt_tokens"], "more tokens are cached than were read")
    require(body["used_nano"] <= body["used_total_nano"], "used is more than used in total")
    times = (body["started_at_s"], body["ended_at_s"])
    require(all(one < 2**53 and one % 60 == 0 for one in times), "a time is not rounded")
    require(times[0] <= times[1], "it ends before it starts")
    return body


def leaf_hash(receipt: dict[str, Any]) -> bytes:
    parts = ("body", "signature", "bill_boc", "bill_signature")
    return sha256(b"\0" + tagged("cocoon/leaf/1", *(receipt[one] for one in parts))).digest()


def tree_root(leaf: bytes, proof: dict[str, Any]) -> bytes | None:
    """The root that a proof leads to (docs/spec/encoding.md, "Trees"); None: the proof has no such shape."""
    index, count = proof["index"], proof["count"]
    first, position, own = 0, 0, None
    for height in [bit for bit in range(31, -1, -1) if count >> bit & 1]:
        if index < first + 2**height:
            own = height
            break
        first, position = first + 2**height, position + 1
    others = proof["other_peaks"]
    if own is None or len(proof["path"]) != own or len(others) != bin(count).count("1") - 1:
        return None
    node = leaf
    for depth, sibling in enumerate(proof["path"]):
        is_right = (index - first) >> depth & 1
        node = sha256(b"\1" + (sibling + node if is_right else node + sibling)).digest()
    peaks = [*others[:position], node, *others[position:]]
    return sha256(b"\2" + count.to_bytes(4, "big") + b"".join(peaks)).digest()
