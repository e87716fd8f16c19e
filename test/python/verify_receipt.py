"""Verifies a Cocoon receipt file with Python's standard library alone (docs/spec/receipt-verifier.md).

    python3 verify_receipt.py [--global-id N] [--anchor-proof PROOF] FILE ROOTS

ROOTS is what the reader saw on the chain (`cocoon receipts verify FILE --save-roots ROOTS`). Prints one
JSON document and exits 0 when every step passed, else 5. It says who signed what, what was billed, and
where the receipt is recorded. It does NOT check whether the hardware is genuine or the policy good: of
the evidence it only checks that the quote carries the hash of the statement.
"""

import argparse
import json
import sys
from hashlib import sha256, sha512
from typing import Any, Callable

import cells
import ed25519
import receipt as receipts
import wire
from wire import Malformed

STATEMENT = {1: ("core", "bytes"), 2: ("gpu_evidence_hash", "bytes"), 3: ("challenge", "bytes")}
BLOCK = {1: ("seqno", "uint32"), 2: ("root_hash", "bytes")}
CORE_FIELDS = [
    *[("version", "uint32"), ("global_id", "sint32"), ("registry", "string"), ("role", "string")],
    *[("identity_key", "bytes"), ("settlement_key", "bytes"), ("payout_address", "string")],
    *[("hpke_suite", "string"), ("hpke_key", "bytes"), ("response_key", "bytes")],
    *[("policy_digest", "bytes"), ("model_root", "bytes"), ("runtime_digest", "bytes")],
    *[("boot_id", "bytes"), ("epoch", "uint64"), ("not_before", BLOCK), ("not_after_ms", "uint64")],
]
CORE = dict(enumerate(CORE_FIELDS, start=1))
CLOSE_DELAY_S_MAX = 7 * 86_400


class Steps:
    """Runs each check by name; one whose needs failed is skipped."""

    def __init__(self) -> None:
        self.steps: list[dict[str, str]] = []

    def run(self, name: str, needs: list[Any], check: Callable[[], Any]) -> Any:
        if any(one is None for one in needs):
            self.steps.append({"name": name, "status": "skipped", "detail": ""})
            return None
        try:
            value = check()
        except Malformed as error:
            self.steps.append({"name": name, "status": "failed", "detail": str(error)})
            return None
        self.steps.append({"name": name, "status": "passed", "detail": ""})
        return value

    def not_required(self, name: str, detail: str) -> None:
        self.steps.append({"name": name, "status": "not-required", "detail": detail})

    @property
    def failed(self) -> list[str]:
        return [one["name"] for one in self.steps if one["status"] == "failed"]


def require(condition: bool, detail: str) -> None:
    if not condition:
        raise Malformed(detail)


def open_signed(layout, signed: dict[str, bytes], key: bytes) -> tuple[dict[str, Any], cells.Cell]:
    value, cell = cells.open_cell(layout, signed["boc"])
    require(ed25519.verify(key, cell.hash(), signed["signature"]), "a cell's signature is not valid")
    return value, cell


def raw(account: bytes) -> str:
    return f"0:{account.hex()}"


def check_signature(file: dict[str, Any], body: dict[str, Any]) -> bool:
    message = receipts.tagged("cocoon/receipt/1", file["receipt"]["body"])
    signature = file["receipt"]["signature"]
    require(ed25519.verify(body["response_key"], message, signature), "the signature is not valid")
    return True


def check_delegation(file: dict[str, Any], body: dict[str, Any], global_id: int) -> bool:
    delegate, _ = open_signed(cells.DELEGATE, file["delegate"], body["settlement_key"])
    require(delegate["response_key"] == body["response_key"], "another response key")
    require(delegate["global_id"] == global_id, "another network")
    require(delegate["not_after"] >= body["started_at_s"], "the delegation had ended")
    return True


def check_terms(file: dict[str, Any], body: dict[str, Any], global_id: int) -> dict[str, Any]:
    terms, _ = cells.open_cell(cells.TERMS, file["terms_boc"])
    require(1 <= terms["close_delay"] <= CLOSE_DELAY_S_MAX, "the close delay is out of range")
    require(raw(cells.channel_account(terms)) == body["channel"], "another address")
    require(terms["global_id"] == global_id, "another network")
    require(body["global_id"] == global_id, "the receipt names another network")
    require(terms["provider_key"] == body["settlement_key"], "another settlement key")
    return terms


def check_statement(file: dict[str, Any], body: dict[str, Any], terms: Any) -> bool:
    evidence = file["evidence"]
    digest = sha256(evidence["statement"]).digest()
    require(digest == body["statement_digest"], "another statement")
    require(sha256(evidence["quote"]).digest() == body["quote_digest"], "another quote")
    core = wire.decode(CORE, wire.decode(STATEMENT, evidence["statement"])["core"])
    for name in ("response_key", "settlement_key", "model_root", "runtime_digest"):
        require(core[name] == body[name], f"another {name}")
    require(terms is None or raw(terms["provider"]) == core["payout_address"], "coins go elsewhere")
    return True


def check_report_data(evidence: dict[str, Any]) -> bool:
    """TDX: after the header (48 bytes; version 5 has 6 more) at 520 of the TD report. SNP: at 0x50."""
    quote = evidence["quote"]
    if evidence["kind"] == receipts.TDX:
        at = 568 if quote[:2] == b"\4\0" else 574
    else:
        at = 0x50
    made = b"cocoon/attest/1" + bytes([0, evidence["mode"], 0]) + evidence["statement"]
    require(quote[at : at + 64] == sha512(made).digest(), "the quote is over another statement")
    return True


def check_price_quote(file: dict[str, Any], body: dict[str, Any]) -> cells.Cell:
    quote, cell = open_signed(cells.PRICE_QUOTE, file["price_quote"], body["settlement_key"])
    require(quote["global_id"] == body["global_id"], "another network")
    require(quote["model_root"] == body["model_root"], "another model")
    prices = {name: quote[name] for name in ("prompt", "cached", "completion")}
    require(prices == body["prices"], "other prices")
    require(quote["valid_until"] >= body["started_at_s"], "the quote had expired")
    return cell


def check_price(body: dict[str, Any]) -> bool:
    prices = body["prices"]
    fresh = body["prompt_tokens"] - body["cached_tokens"]
    total = fresh * prices["prompt"] + body["cached_tokens"] * prices["cached"]
    total += body["completion_tokens"] * prices["completion"]
    require(-(-total // 1_000_000) == body["used_nano"], "not the price of the counts")
    return True


def check_bill(file: dict[str, Any], body: dict[str, Any], terms: Any, quote: cells.Cell) -> bool:
    receipt = file["receipt"]
    signed = {"boc": receipt["bill_boc"], "signature": receipt["bill_signature"]}
    bill, cell = open_signed(cells.BILL, signed, body["response_key"])
    require(bill["channel"] == cells.channel_account(terms), "another channel")
    require(cell.hash() == body["bill_hash"], "another bill")
    require(bill["quote_hash"] == quote.hash(), "another quote")
    for name in ("leaf_index", "prompt_tokens", "cached_tokens", "completion_tokens"):
        require(bill[name] == body[name], f"another {name}")
    require(bill["used_nano"] == body["used_nano"], "another price")
    require(bill["used_total_nano"] == body["used_total_nano"], "another total")
    return True


def check_acknowledgement(file: dict[str, Any], body: dict[str, Any], terms: Any) -> dict[str, Any]:
    voucher, _ = open_signed(cells.VOUCHER, file["voucher"], terms["client_key"])
    proof = file["proof"]
    require(voucher["channel"] == cells.channel_account(terms), "another channel")
    require(proof["index"] == body["leaf_index"], "the proof is of another leaf")
    require(proof["count"] == voucher["leaf_count"], "the proof is of another tree")
    root = receipts.tree_root(receipts.leaf_hash(file["receipt"]), proof)
    require(root == voucher["root"], "the leaf is not in the tree")
    return voucher


def check_record(steps: Steps, file: Any, body: Any, terms: Any, roots: dict[str, Any]) -> str:
    if file["voucher"] is None:
        steps.not_required("acknowledgement", "no voucher in the file")
        steps.not_required("anchor", "no voucher in the file")
        return "signed"
    check = lambda: check_acknowledgement(file, body, terms)
    voucher = steps.run("acknowledgement", [terms], check)
    if voucher is None:
        return "signed"
    for channel in roots["channels"]:
        here = channel["address"] == body["channel"]
        root = bytes.fromhex(channel["receiptsRoot"])
        if here and channel["leafCount"] == voucher["leaf_count"] and root == voucher["root"]:
            steps.run("anchor", [], lambda: True)
            return "anchored"
    steps.not_required("anchor", "not, or no longer, the root on the chain")
    return "acknowledged"


def check_epoch(steps: Steps, file: Any, terms: Any, roots: dict[str, Any], place: Any) -> bool:
    """Another way to the chain: a place in the anchor of the provider that the terms pay."""
    anchor = next((one for one in roots["anchors"] if one["address"] == place["anchor"]), None)
    if anchor is None or anchor["epoch"] != place["epoch"]:
        steps.not_required("epoch-anchor", "no such anchor, or another epoch: ask for a newer proof")
        return False

    def check() -> bool:
        proof = place["proof"]
        hashes = {
            "path": [bytes.fromhex(one) for one in proof["path"]],
            "other_peaks": [bytes.fromhex(one) for one in proof["otherPeaks"]],
        }
        require(anchor["owner"] == raw(terms["provider"]), "the anchor of somebody else")
        require(int(anchor["leafCount"]) == proof["count"], "the proof is of another tree")
        leaf = receipts.leaf_hash(file["receipt"])
        root = receipts.tree_root(leaf, {**proof, **hashes})
        require(root == bytes.fromhex(anchor["root"]), "the receipt is not in the tree of this epoch")
        return True

    return steps.run("epoch-anchor", [terms], check) is True


def verify(
    data: bytes, roots: dict[str, Any], global_id: int, place: dict[str, Any] | None = None
) -> dict[str, Any]:
    steps = Steps()
    file = steps.run("file-format", [], lambda: receipts.decode_file(data))
    body = steps.run("body", [file], lambda: receipts.decode_body(file["receipt"]["body"]))
    if body is None:
        return {"id": "", "level": "signed", "ok": False, "failed": steps.failed, "steps": steps.steps}
    steps.run("signature", [], lambda: check_signature(file, body))
    steps.run("delegation", [], lambda: check_delegation(file, body, global_id))
    terms = steps.run("terms", [], lambda: check_terms(file, body, global_id))
    statement = steps.run("statement", [], lambda: check_statement(file, body, terms))
    check = lambda: check_report_data(file["evidence"])
    steps.run("evidence/report-data", [statement], check)
    quote = steps.run("price-quote", [], lambda: check_price_quote(file, body))
    steps.run("price", [], lambda: check_price(body))
    steps.run("bill", [quote, terms], lambda: check_bill(file, body, terms, quote))
    level = check_record(steps, file, body, terms, roots)
    if place is not None and check_epoch(steps, file, terms, roots, place):
        level = "anchored"
    return {
        "id": receipts.leaf_hash(file["receipt"]).hex(),
        "level": level,
        "ok": all(one["status"] in ("passed", "not-required") for one in steps.steps),
        "failed": steps.failed,
        "steps": steps.steps,
        "notChecked": ["evidence but for report-data", "policy", "tier"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Verifies a Cocoon receipt file.")
    parser.add_argument("file")
    parser.add_argument("roots", help="cocoon-chain-roots/1: what was seen on the chain")
    parser.add_argument("--global-id", type=int, help="the reader's network (default: of the roots)")
    parser.add_argument("--anchor-proof", help="cocoon-anchor-proof/1: a place in an epoch anchor")
    options = parser.parse_args()
    with open(options.roots, encoding="utf-8") as source:
        roots = json.load(source)
    if roots["format"] != "cocoon-chain-roots/1":
        parser.error("unknown format of roots")
    with open(options.file, "rb") as source:
        data = source.read(receipts.FILE_BYTES_MAX + 1)
    place = None
    if options.anchor_proof is not None:
        with open(options.anchor_proof, encoding="utf-8") as source:
            place = json.load(source)
        if place["format"] != "cocoon-anchor-proof/1":
            parser.error("unknown format of the anchor proof")
    global_id = roots["globalId"] if options.global_id is None else options.global_id
    verdict = verify(data, roots, global_id, place)
    print(json.dumps(verdict, indent=2))
    return 0 if verdict["ok"] else 5


if __name__ == "__main__":
    sys.exit(main())
