/**
 * The published vectors (test/vectors/protocol.json), as every implementation of the crypto port and every
 * runtime must read them; run in Node by test/protocol/vectors.test.ts and in a browser by test/browser.
 */
import { describe, expect, it } from 'vitest'
import { decodeAsk, encodeAsk } from '#protocol/ask.ts'
import { fromHex, fromUtf8, tagged, toHex, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { CocoonError } from '#protocol/errors.ts'
import { leafHash, treeRoot, verifyProof } from '#protocol/merkle.ts'
import {
  decodeReceiptBody,
  receiptId,
  requestCommitment,
  responseCommitment,
} from '#protocol/receipt.ts'
import { hpkeSuite } from '#protocol/session/hpke-suites.ts'
import { unpad } from '#protocol/session/padding.ts'
import {
  EncapsulationGuard,
  parseSealSuite,
  sealInfo,
  sealOpenReceiver,
} from '#protocol/session/seal.ts'
import { createSealSecrets } from '#protocol/session/sealed-stream.ts'
import { transcriptBytes } from '#protocol/session/transcript.ts'
import { FrameType } from '#protocol/wire/gen/cocoon_pb.ts'
import { errorCode, rejectionCode } from '#test/support/error-code.ts'
import type { ProtocolVectors } from '#test/support/protocol-vectors.ts'

export function testProtocolVectors(
  name: string,
  crypto: CryptoPort,
  vectors: ProtocolVectors,
): void {
  describe(`protocol vectors under ${name}`, () => {
    it('digests', () => {
      expect(vectors.digests.length).toBeGreaterThan(3)
      for (const { tag, fields, preimage, sha256 } of vectors.digests) {
        expect(toHex(tagged(tag, ...fields.map(fromHex)))).toBe(preimage)
        expect(toHex(crypto.sha256(fromHex(preimage)))).toBe(sha256)
      }
    })

    it('trees and proofs', () => {
      for (const { leaves, peaks, root, proofs } of vectors.merkle.valid) {
        const tree = { count: leaves.length, peaks: peaks.map(fromHex) }
        expect(toHex(treeRoot(crypto, tree))).toBe(root)
        for (const { index, path, otherPeaks } of proofs) {
          const proof = {
            index,
            count: leaves.length,
            path: path.map(fromHex),
            otherPeaks: otherPeaks.map(fromHex),
          }
          expect(verifyProof(crypto, fromHex(root), fromHex(leaves[index]!), proof)).toBe(true)
        }
      }
      expect(vectors.merkle.invalid.length).toBeGreaterThan(8)
      for (const { reason, root, leaf, path, otherPeaks, index, count } of vectors.merkle.invalid) {
        const proof = { index, count, path: path.map(fromHex), otherPeaks: otherPeaks.map(fromHex) }
        expect(verifyProof(crypto, fromHex(root), fromHex(leaf), proof), reason).toBe(false)
      }
    })

    it('strict Ed25519', () => {
      for (const { name, publicKey, message, signature, valid } of vectors.ed25519) {
        const verified = crypto.ed25519Verify(
          fromHex(publicKey),
          fromHex(message),
          fromHex(signature),
        )
        expect(verified, name).toBe(valid)
      }
    })

    it('transcript and seal info', () => {
      const { transcript } = vectors
      const fields = {
        statement: fromHex(transcript.statement),
        quote: fromHex(transcript.quote),
        clientNonce: fromHex(transcript.clientNonce),
        providerChallenge: fromHex(transcript.providerChallenge),
      }
      const bytes = transcriptBytes({ ...transcript, ...fields, crypto })
      expect(toHex(bytes)).toBe(transcript.bytes)
      expect(toHex(sealInfo(crypto, fields))).toBe(transcript.sealInfo)
      for (const { publicKey, signature } of [transcript.responseKey, transcript.sessionKey]) {
        expect(crypto.ed25519Verify(fromHex(publicKey), bytes, fromHex(signature))).toBe(true)
      }
    })

    it('request documents', () => {
      for (const { name, text } of vectors.asks.valid) {
        expect(fromUtf8(encodeAsk(decodeAsk(utf8(text)))), name).toBe(text)
      }
      for (const { name, text } of vectors.asks.refused) {
        expect(
          errorCode(() => decodeAsk(utf8(text))),
          name,
        ).toBe('ASK_MALFORMED')
      }
    })

    it('commitments and receipt', () => {
      const { salt, askBody, tokenIds, ...expected } = vectors.commitments
      expect(decodeAsk(fromHex(askBody)).seed).toBe(2n ** 64n - 1n)
      const made = {
        requestCommitment: requestCommitment(crypto, fromHex(salt), fromHex(askBody)),
        responseCommitment: responseCommitment(crypto, fromHex(salt), tokenIds),
        emptyResponseCommitment: responseCommitment(crypto, fromHex(salt), []),
      }
      for (const [name, value] of Object.entries(made)) {
        expect(toHex(value)).toBe(expected[name as keyof typeof made])
      }
      const { receipt } = vectors
      const signed = {
        body: fromHex(receipt.body),
        signature: fromHex(receipt.signature),
        billBoc: fromHex(receipt.billBoc),
        billSignature: fromHex(receipt.billSignature),
      }
      expect(receiptId(crypto, signed)).toBe(receipt.receiptId)
      expect(toHex(leafHash(crypto, fromHex(receipt.leafData)))).toBe(receipt.receiptId)
      const key = fromHex(receipt.publicKey)
      expect(crypto.ed25519Verify(key, fromHex(receipt.signingBytes), signed.signature)).toBe(true)
    })
  })

  describe(`sealed sessions and receipts under ${name}`, () => {
    it('padding', () => {
      const { valid, invalid } = vectors.seal.padding
      for (const { plaintext, padded } of valid)
        expect(toHex(unpad(fromHex(padded)))).toBe(plaintext)
      for (const { reason, padded } of invalid) {
        expect(
          errorCode(() => unpad(fromHex(padded))),
          reason,
        ).toBe('SEAL_PADDING')
      }
    })

    it('sealed stream', async () => {
      const { stream } = vectors.seal
      const secrets = () => createSealSecrets(async () => fromHex(stream.key), 'provider')
      const opened = () => secrets().stream(fromHex(stream.requestId), 'client-to-provider')
      const reader = opened()
      for (const { sequence, final, plaintext, ciphertext } of stream.frames) {
        const open = reader.open(sequence, FrameType.REQUEST, final, fromHex(ciphertext))
        expect(toHex(await open)).toBe(plaintext)
      }
      for (const { code, sequence, type, final, ciphertext } of stream.invalidFirstFrames) {
        const open = opened().open(sequence, type as FrameType, final, fromHex(ciphertext))
        expect(await rejectionCode(open)).toBe(code)
      }
    })

    it('whole exchanges, one for each suite', async () => {
      expect(vectors.seal.exchanges).toHaveLength(2)
      for (const vector of vectors.seal.exchanges) {
        const suite = parseSealSuite(vector.suite)
        const hpke = await hpkeSuite(suite)
        const privateKey = await hpke.DeserializePrivateKey(fromHex(vector.privateKey), false)
        const publicKey = await hpke.DeserializePublicKey(fromHex(vector.publicKey))
        const keyPair = { privateKey, publicKey }
        const sealingKey = { suite, publicKey: fromHex(vector.publicKey), keyPair }
        const [enc, info] = [fromHex(vector.enc), fromHex(vector.info)]
        const { secrets } = await sealOpenReceiver(sealingKey, enc, info, new EncapsulationGuard())
        const stream = secrets.stream(fromHex(vector.requestId), 'client-to-provider')
        const plaintext = await stream.open(0, FrameType.REQUEST, true, fromHex(vector.ciphertext))
        expect(plaintext).toEqual(utf8('sealed'))
      }
    })

    it('receipt bodies', () => {
      const { fields, body, invalidBodies } = vectors.receipt
      const decoded = decodeReceiptBody(fromHex(body))
      expect([decoded.channel, decoded.usedNano.toString()]).toEqual([
        fields['channel'],
        fields['usedNano'],
      ])
      expect(invalidBodies.length).toBeGreaterThan(5)
      for (const { reason, body: bad } of invalidBodies) {
        expect(() => decodeReceiptBody(fromHex(bad)), reason).toThrow(CocoonError)
      }
    })
  })
}
