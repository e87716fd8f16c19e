/** Things that a provider with all its real keys can sign, and should not. */
import { Address } from '@ton/core'
import { decodeStatement, encodeStatement, reportData } from '#attestation/statement.ts'
import type { StatementCore } from '#attestation/statement-core.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Evidence } from '#protocol/evidence.ts'
import {
  decodeReceiptBody,
  encodeReceiptBody,
  type ReceiptBody,
  receiptSigningBytes,
  type SignedReceipt,
} from '#protocol/receipt.ts'
import { billCell, encodeCell, openBill } from '#settlement/cells.ts'
import { trustOf } from './role-harness.ts'
import type { TestProvider } from './role-peers.ts'

/** A receipt with another body and a bill that agrees with it, signed by the real response key. */
export async function forgeReceipt(
  provider: TestProvider,
  receipt: SignedReceipt,
  change: (body: ReceiptBody) => Partial<ReceiptBody>,
): Promise<SignedReceipt> {
  const { responseKey } = await provider.enclave.epoch()
  const { billBoc: boc, billSignature: signature } = receipt
  const before = decodeReceiptBody(receipt.body)
  const channel = Address.parseRaw(before.channel)
  const bill = openBill(crypto, { boc, signature }, responseKey.publicKey, channel)
  const body = { ...before, ...change(before) }
  const cell = billCell({
    ...bill,
    channel: Address.parseRaw(body.channel),
    leafIndex: body.leafIndex,
    counts: {
      promptTokens: body.promptTokens,
      cachedTokens: body.cachedTokens,
      completionTokens: body.completionTokens,
    },
    usedNano: body.usedNano,
    usedTotalNano: body.usedTotalNano,
  })
  const bytes = encodeReceiptBody({ ...body, billHash: new Uint8Array(cell.hash()) })
  return {
    body: bytes,
    signature: crypto.ed25519Sign(responseKey, receiptSigningBytes(bytes)),
    billBoc: encodeCell(cell),
    billSignature: crypto.ed25519Sign(responseKey, new Uint8Array(cell.hash())),
  }
}

/** Evidence over a changed statement; the machine signs a quote over whatever it is asked to. */
export async function forgeEvidence(
  provider: TestProvider,
  evidence: Evidence,
  change: Partial<StatementCore>,
  { requote = true, otherManufacturer = false } = {},
): Promise<Evidence> {
  const { core, ...rest } = decodeStatement(evidence.statement)
  const statement = encodeStatement({ ...rest, core: { ...core, ...change } })
  if (!requote) return { ...evidence, statement }
  const { manufacturer, runtimeDigest } = trustOf(provider.network, otherManufacturer)
  const machine = manufacturer.machine(provider.name, runtimeDigest)
  const quoted = await machine.quote(reportData(crypto, evidence.mode, statement))
  return { ...evidence, statement, ...quoted }
}

export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}
