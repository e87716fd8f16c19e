/** Chains of SNP machines and AMD's revocation list, forged at every position. */
import { issueDeviceCertificate } from '#attestation/evidence/simulated/device-certificates.ts'
import { deriveP384Key } from '#attestation/evidence/simulated/device-keys.ts'
import { testOnlyRsaKey } from '#attestation/evidence/simulated/rsa-signer.ts'
import { chipExtensions, SIMULATED_SNP_TCB } from '#attestation/evidence/simulated/snp-machine.ts'
import { simulatedAmd } from '#attestation/evidence/simulated/snp-manufacturer.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { bytes, nowMs, seed } from '#test/attestation/network.ts'
import {
  amd,
  amdOf,
  machineOf,
  revocationListOf,
  type SnpForgery,
} from '#test/attestation/snp-network.ts'
import type { CorpusEntry } from './entry.ts'
import { snp } from './snp-entry.ts'

const DAY_MS = 86_400_000
const { root, signer, names } = amd.authorities
const machine = machineOf()
const tcb = SIMULATED_SNP_TCB.genoa
const hardwareId = machine.fields(bytes(64, 0)).chipId
const honestExtensions = chipExtensions('genoa', tcb, { hardwareId })
const rogue = { kind: 'P-384', key: deriveP384Key(crypto, seed, 'rogue') } as const
const askKey = { kind: 'RSA-4096', key: testOnlyRsaKey('ask') } as const
const otherAmd = simulatedAmd({ seed: bytes(32, 99), nowMs, crypto })
const otherAsk = amdOf({ product: 'genoa', signingKey: 'vlek' }).authorities.signer.certificate

function vcek(extensions: readonly Uint8Array[], issuer = signer, commonName = 'SEV-VCEK') {
  const key = { kind: 'P-384', key: machine.key } as const
  const order = { commonName, key, serial: '00', extensions }
  return issueDeviceCertificate(crypto, names, order, issuer)
}
function ask(changes: object) {
  const order = {
    commonName: 'SEV-Genoa',
    key: askKey,
    serial: '41',
    authority: { pathLength: 0 },
    ...changes,
  }
  return issueDeviceCertificate(crypto, names, order, root)
}
const minted = vcek(honestExtensions, {
  ...signer,
  commonName: 'SEV-VCEK',
  key: { kind: 'P-384', key: machine.key },
})

const chain = (
  id: string,
  comment: string,
  failed: readonly string[],
  ...certificates: Uint8Array[]
) => snp(`snp-chain-${id}`, comment, failed, { collateral: { chain: certificates } })
const leaf = (id: string, comment: string, failed: readonly string[], certificate: Uint8Array) =>
  chain(id, comment, failed, certificate, signer.certificate, root.certificate)
const upper = (id: string, comment: string, certificate: Uint8Array) =>
  chain(id, comment, ['vcek-chain'], machine.certificate, certificate, root.certificate)

const chains: readonly CorpusEntry[] = [
  chain('empty', 'No certificates.', ['anchor']),
  chain(
    'without-leaf',
    'The VCEK is missing.',
    ['vcek-chain'],
    signer.certificate,
    root.certificate,
  ),
  chain(
    'leaf-as-ca',
    'A leaf acting as CA: a VCEK signed by the chip key.',
    ['vcek-chain'],
    minted,
    machine.certificate,
    root.certificate,
  ),
  chain(
    'root-of-a-stranger',
    "Another network's ARK.",
    ['anchor'],
    machine.certificate,
    signer.certificate,
    otherAmd.anchor.rootCertificate,
  ),
  leaf(
    'by-chip-key',
    'A VCEK in the name of, and signed by, the chip key.',
    ['vcek-chain'],
    minted,
  ),
  leaf(
    'by-rogue-ask',
    "A VCEK in the ASK's name, signed by another key.",
    ['vcek-chain'],
    vcek(honestExtensions, { ...signer, key: rogue }),
  ),
  leaf(
    'truncated',
    'The last byte of the VCEK is missing.',
    ['vcek-chain'],
    machine.certificate.subarray(0, -1),
  ),
  leaf(
    'extension-twice',
    'Duplicate extension: all of them twice.',
    ['vcek-chain'],
    vcek([...honestExtensions, ...honestExtensions]),
  ),
  leaf(
    'other-product',
    'A VCEK that names another product.',
    ['vcek-identity'],
    vcek(chipExtensions('milan', tcb, { hardwareId })),
  ),
  leaf(
    'without-hardware-id',
    'A VCEK without hardware id.',
    ['vcek-identity'],
    vcek(honestExtensions.slice(0, -1)),
  ),
  leaf(
    'short-hardware-id',
    'A hardware id of 8 bytes on Genoa.',
    ['vcek-identity'],
    vcek(chipExtensions('genoa', tcb, { hardwareId: hardwareId.subarray(0, 8) })),
  ),
  leaf(
    'vcek-of-a-cloud',
    'A VCEK with the extension of a VLEK.',
    ['vcek-identity'],
    vcek(chipExtensions('genoa', tcb, { cloudProvider: 'x' })),
  ),
  leaf(
    'other-tcb',
    'A VCEK of another TCB.',
    ['tcb-status'],
    vcek(chipExtensions('genoa', { ...tcb, snp: 25 }, { hardwareId })),
  ),
  upper('asvk-for-ask', 'The ASVK in the place of the ASK.', otherAsk),
  upper('ask-no-authority', 'An ASK without the CA flag.', ask({ authority: undefined })),
  upper('ask-expired', 'An ASK that ended a second ago.', ask({ notAfterMs: nowMs - 1_000 })),
  upper('ask-of-tomorrow', 'An ASK that begins tomorrow.', ask({ notBeforeMs: nowMs + DAY_MS })),
]

const list = (id: string, comment: string, crl: Uint8Array) => {
  const forgery: SnpForgery = { collateral: { crl } }
  return snp(`snp-list-${id}`, comment, ['revocation'], forgery)
}
function serialOfAsk(): string {
  const at = signer.certificate.indexOf(0x14, 8) + 1
  return toHex(signer.certificate.subarray(at, at + 20))
}

const lists: readonly CorpusEntry[] = [
  list('missing', 'No revocation list.', bytes(0, 0)),
  list('truncated', 'The last byte of the list is missing.', amd.crl.subarray(0, -1)),
  list(
    'expired',
    'A list that ended a second ago.',
    revocationListOf(root, { nextUpdateMs: nowMs - 1_000 }),
  ),
  list(
    'of-tomorrow',
    'A list that begins tomorrow.',
    revocationListOf(root, { thisUpdateMs: nowMs + DAY_MS }),
  ),
  list('of-the-ask', "The ASK's own list.", revocationListOf(signer)),
  list('of-a-stranger', "Another network's list.", otherAmd.crl),
  list(
    'other-key',
    "A list in the ARK's name, signed by another key.",
    revocationListOf({ ...root, key: askKey }),
  ),
  list('other-algorithm', 'A list signed on P-384.', revocationListOf({ ...root, key: rogue })),
  list(
    'ask-revoked',
    'The ASK is on the list.',
    revocationListOf(root, { revoked: [serialOfAsk()] }),
  ),
]

export const SNP_CHAINS: readonly CorpusEntry[] = [...chains, ...lists]
