/** Certificate chains of TDX machines, forged at every position. */
import {
  extracted,
  issue,
  newKey,
  platform,
  root,
  sgxOf,
  stranger,
  tcbSigner,
} from '#test/attestation/forge.ts'
import { bytes, machine, nowMs } from '#test/attestation/network.ts'
import type { CorpusEntry } from './entry.ts'
import { PCK, pckKey, tdx, tdxAlone, withPck } from './tdx-entry.ts'

const DAY_MS = 86_400_000
const PLATFORM_CA = 'Intel SGX PCK Platform CA'
const [honestPck = bytes(0, 0)] = machine.material.pckChain

type Order = Partial<Parameters<typeof issue>[0]>
const freshPck = (order: Order = {}, issuer: Parameters<typeof issue>[1] = platform) =>
  issue({ commonName: PCK, sgxExtension: sgxOf(), ...order }, issuer)
const chain = (...pckChain: Uint8Array[]) => ({ material: { pckKey, pckChain } })
const reissuedRoot = (issuer: Parameters<typeof issue>[1]) =>
  issue(
    { commonName: root.commonName, publicKey: issuer.key.publicKey, authorityPathLength: 1 },
    issuer,
  )
const platformCa = (order: Order) =>
  issue({ commonName: PLATFORM_CA, publicKey: platform.key.publicKey, ...order }, root)

const minted = freshPck({}, { ...platform, ...extracted })

const leaves: readonly CorpusEntry[] = [
  tdxAlone(
    'tdx-pck-under-extracted-pck',
    'A leaf acting as CA: a PCK certificate signed by an extracted PCK key, in the place of the platform CA.',
    ['pck-chain'],
    chain(minted, extracted.certificate, root.certificate),
  ),
  tdxAlone(
    'tdx-pck-chain-of-four',
    'The same with the whole chain below the platform CA: four certificates.',
    ['quote-format'],
    chain(minted, extracted.certificate, platform.certificate, root.certificate),
  ),
  tdxAlone(
    'tdx-pck-under-tcb-signer',
    'A PCK certificate signed by the key that signs TCB info.',
    ['pck-chain'],
    chain(freshPck({}, tcbSigner), tcbSigner.certificate, root.certificate),
  ),
  tdxAlone(
    'tdx-pck-under-root',
    'A PCK certificate signed by the root, in a chain of two.',
    ['pck-chain'],
    chain(freshPck({}, root), root.certificate),
  ),
  tdxAlone(
    'tdx-pck-other-common-name',
    'A leaf of another common name.',
    ['pck-chain'],
    withPck(freshPck({ commonName: 'Intel SGX Something' })),
  ),
  tdxAlone(
    'tdx-pck-is-authority',
    'A PCK certificate with the CA flag.',
    ['pck-chain'],
    withPck(freshPck({ authorityPathLength: 0 })),
  ),
  tdxAlone(
    'tdx-pck-may-not-sign',
    'A PCK certificate without digitalSignature.',
    ['pck-chain'],
    withPck(freshPck({ keyUsage: [1] })),
  ),
  tdxAlone(
    'tdx-pck-may-certify',
    'A PCK certificate with keyCertSign.',
    ['pck-chain'],
    withPck(freshPck({ keyUsage: [0, 5] })),
  ),
  tdxAlone(
    'tdx-pck-without-sgx',
    'A PCK certificate without the SGX extension.',
    ['pck-chain'],
    withPck(freshPck({ sgxExtension: undefined })),
  ),
  tdxAlone(
    'tdx-pck-not-yet-valid',
    'A PCK certificate of tomorrow.',
    ['pck-chain'],
    withPck(freshPck({ notBeforeMs: nowMs + DAY_MS })),
  ),
  tdxAlone(
    'tdx-pck-expired',
    'A PCK certificate of yesterday.',
    ['pck-chain'],
    withPck(freshPck({ notAfterMs: nowMs - DAY_MS })),
  ),
  tdxAlone(
    'tdx-pck-other-issuer-name',
    'A PCK certificate signed by the platform key in another name.',
    ['pck-chain'],
    withPck(freshPck({}, { ...platform, commonName: 'Intel SGX PCK Processor CA' })),
  ),
  tdxAlone(
    'tdx-pck-other-issuer-key',
    "A PCK certificate in the platform CA's name, signed by another key.",
    ['pck-chain'],
    withPck(freshPck({}, { ...platform, key: newKey('x') })),
  ),
]

const authorities: readonly CorpusEntry[] = [
  tdxAlone(
    'tdx-platform-ca-no-authority',
    'A platform CA without the CA flag.',
    ['pck-chain'],
    chain(freshPck(), platformCa({}), root.certificate),
  ),
  tdxAlone(
    'tdx-platform-ca-may-not-certify',
    'A platform CA without keyCertSign.',
    ['pck-chain'],
    chain(freshPck(), platformCa({ authorityPathLength: 0, keyUsage: [6] }), root.certificate),
  ),
  tdx(
    'tdx-platform-ca-may-not-sign-lists',
    'A platform CA without cRLSign, beside a list that it signed.',
    ['revocation'],
    chain(freshPck(), platformCa({ authorityPathLength: 0, keyUsage: [5] }), root.certificate),
  ),
  tdxAlone(
    'tdx-platform-ca-expired',
    'A platform CA of yesterday.',
    ['pck-chain'],
    chain(
      freshPck(),
      platformCa({ authorityPathLength: 0, notAfterMs: nowMs - DAY_MS }),
      root.certificate,
    ),
  ),
  tdxAlone(
    'tdx-platform-ca-self-signed',
    "A platform CA that signed itself, with the honest root's name as its issuer.",
    ['pck-chain'],
    chain(
      freshPck(),
      issue(
        { commonName: PLATFORM_CA, publicKey: platform.key.publicKey, authorityPathLength: 0 },
        { commonName: root.commonName, key: platform.key },
      ),
      root.certificate,
    ),
  ),
  tdxAlone(
    'tdx-root-of-a-stranger',
    "The chain ends in a root of the right name and a stranger's key.",
    ['anchor'],
    chain(honestPck, platform.certificate, reissuedRoot(stranger)),
  ),
  tdxAlone(
    'tdx-root-reissued',
    'The chain ends in another certificate of the very key of the root.',
    ['anchor'],
    chain(honestPck, platform.certificate, reissuedRoot(root)),
  ),
  tdxAlone(
    'tdx-chain-reversed',
    'The chain begins with the root.',
    ['anchor'],
    chain(root.certificate, platform.certificate, honestPck),
  ),
  tdxAlone('tdx-chain-empty', 'A quote without certificates.', ['anchor'], chain()),
]

export const TDX_CHAINS: readonly CorpusEntry[] = [...leaves, ...authorities]
