/** What the page of test/browser/browser.test.ts runs: the contract suites, the seal, the verifier. */
import { appraiseCase, runCase } from '#attestation/appraisal/corpus.ts'
import { parseCase, parseShared } from '#attestation/appraisal/corpus-case.ts'
import { verifyEvidence } from '#attestation/verdict.ts'
import { equal } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { hybridKemSource, hybridSuite } from '#protocol/session/hpke-suites.ts'
import {
  DEFAULT_SEAL_SUITE,
  EncapsulationGuard,
  generateSealingKey,
  sealOpenReceiver,
  sealOpenSender,
} from '#protocol/session/seal.ts'
import { FrameType } from '#protocol/wire/gen/cocoon_pb.ts'
import { testCryptoPort } from '../contracts/crypto.ts'
import { testProtocolVectors } from '../contracts/protocol-vectors.ts'
import type { AttestationCase } from './attestation-cases.ts'
import { fromText, toText } from './transport.ts'
import { type CaseResult, runCases } from './vitest-in-page.ts'

const info = new Uint8Array(32).fill(7)
const requestId = new Uint8Array(16).fill(1)

const programs = {
  async contracts(vectors: string): Promise<readonly CaseResult[]> {
    testCryptoPort('noble in a browser', nobleCrypto)
    testProtocolVectors('noble in a browser', nobleCrypto, JSON.parse(vectors))
    return runCases()
  },

  /** Verdicts on what Node sent, one after the other. */
  verdicts(text: string): string {
    const cases = fromText<AttestationCase[]>(text)
    return toText(
      cases.map(({ evidence, context }) =>
        verifyEvidence(evidence, { ...context, crypto: nobleCrypto }),
      ),
    )
  },

  /** Appraisals of the corpus: its files as text, and what they share. */
  corpus(shared: string, cases: readonly string[]): string {
    const parts = parseShared(JSON.parse(shared), nobleCrypto)
    return toText(
      cases.map((text) => {
        const one = parseCase(JSON.parse(text), parts)
        return { result: runCase(one, nobleCrypto), appraisal: appraiseCase(one, nobleCrypto) }
      }),
    )
  },

  /** Seals to a key that Node made. */
  async seal(publicKey: string): Promise<string> {
    const { enc, secrets } = await sealOpenSender(DEFAULT_SEAL_SUITE, fromText(publicKey), info)
    const stream = secrets.stream(requestId, 'client-to-provider')
    const { ciphertext } = await stream.seal(FrameType.REQUEST, true, new Uint8Array([4, 5, 6]))
    return toText({ enc, ciphertext })
  },

  /** Whether both sides of noble's KEM export the same secret; lengths of key and encapsulation. */
  async nobleSecrets(): Promise<[boolean, number, number]> {
    const suite = await hybridSuite('noble')
    const keyPair = await suite.GenerateKeyPair(false)
    const publicKey = await suite.SerializePublicKey(keyPair.publicKey)
    const theirs = await suite.DeserializePublicKey(publicKey)
    const { encapsulatedSecret, ctx } = await suite.SetupSender(theirs, { info })
    const received = await suite.SetupRecipient(keyPair, encapsulatedSecret, { info })
    const [sent, got] = await Promise.all([ctx.Export(info, 32), received.Export(info, 32)])
    return [equal(sent, got), publicKey.length, encapsulatedSecret.length]
  },

  /** A whole hybrid exchange inside the page; says where its KEM came from. */
  async exchange(): Promise<{ source: string; opened: number[]; isExtractable: boolean }> {
    const key = await generateSealingKey(DEFAULT_SEAL_SUITE)
    const { enc, secrets } = await sealOpenSender(key.suite, key.publicKey, info)
    const received = await sealOpenReceiver(key, enc, info, new EncapsulationGuard())
    const sealed = await secrets
      .stream(requestId, 'client-to-provider')
      .seal(FrameType.REQUEST, true, new Uint8Array([1, 2, 3]))
    const reading = received.secrets.stream(requestId, 'client-to-provider')
    const opened = await reading.open(0, FrameType.REQUEST, true, sealed.ciphertext)
    const isExtractable = key.keyPair.privateKey.extractable
    return { source: await hybridKemSource(), opened: [...opened], isExtractable }
  },
}

export type PagePrograms = typeof programs

Object.assign(globalThis, { cocoonPage: programs })
