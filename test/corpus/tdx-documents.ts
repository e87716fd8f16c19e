/** TCB info and QE identity: signed by the wrong key, of another platform, swapped, rolled back, expired. */
import { documentBytes } from '#attestation/evidence/simulated/documents.ts'
import { sign } from '#attestation/evidence/simulated/keys.ts'
import {
  extracted,
  honest,
  issue,
  newKey,
  platform,
  qeIdentity,
  root,
  tcbInfo,
  tcbSigner,
} from '#test/attestation/forge.ts'
import { nowMs } from '#test/attestation/network.ts'
import type { CorpusEntry } from './entry.ts'
import { tdx } from './tdx-entry.ts'

const DAY_MS = 86_400_000
const SIGNER = 'Intel SGX TCB Signing'
const key = newKey(SIGNER)
const iso = (unixMs: number) => `${new Date(unixMs).toISOString().slice(0, 19)}Z`
const same = <T>(document: T): T => document

type Signer = NonNullable<Parameters<typeof tcbInfo>[1]>
const signedBy = (id: string, comment: string, signer: Signer) =>
  tdx(`tdx-tcb-info-${id}`, comment, ['tcb-info'], { collateral: tcbInfo(same, signer) })
const worded = (id: string, comment: string, change: object, failed = ['tcb-info']) =>
  tdx(`tdx-tcb-info-${id}`, comment, failed, {
    collateral: tcbInfo((document) => ({ ...document, ...change })),
  })
const identity = (id: string, comment: string, change: object) =>
  tdx(`tdx-qe-identity-${id}`, comment, ['qe-identity'], {
    collateral: qeIdentity((document) => ({ ...document, ...change })),
  })

const signers: readonly CorpusEntry[] = [
  signedBy('by-extracted-pck', 'TCB info signed by an extracted PCK key, with its own chain.', {
    key: extracted.key,
    chain: [extracted.certificate, platform.certificate, root.certificate],
  }),
  signedBy('by-extracted-pck-of-two', 'The same in a chain of two.', {
    key: extracted.key,
    chain: [extracted.certificate, root.certificate],
  }),
  signedBy('signer-under-pck', 'Signed by a certificate that an extracted PCK key signed.', {
    key,
    chain: [issue({ commonName: SIGNER }, extracted), root.certificate],
  }),
  signedBy('signer-under-platform-ca', 'Signed by a certificate of the platform CA.', {
    key,
    chain: [issue({ commonName: SIGNER }, platform), root.certificate],
  }),
  signedBy('signer-is-authority', 'Signed by an authority of the right name.', {
    key,
    chain: [issue({ commonName: SIGNER, authorityPathLength: 0 }, root), root.certificate],
  }),
  signedBy('other-key', 'Signed by another key than its certificate has.', {
    key,
    chain: honest.tcbInfoChain,
  }),
  signedBy('without-chain', 'Without the certificate of its signer.', {
    key: tcbSigner.key,
    chain: [],
  }),
  signedBy('without-root', 'The chain of its signer lacks the root.', {
    key: tcbSigner.key,
    chain: honest.tcbInfoChain.slice(0, 1),
  }),
]

const info: readonly CorpusEntry[] = [
  worded('other-platform', 'Swapped: TCB info of another FMSPC.', { fmspc: '00906ED50000' }),
  worded('other-pce', 'TCB info of another PCE.', { pceId: '0001' }),
  worded('for-sgx', 'TCB info for SGX.', { id: 'SGX' }),
  worded('version-2', 'TCB info of version 2.', { version: 2 }),
  worded('without-levels', 'TCB info without levels.', { tcbLevels: [] }),
  worded('expired', 'TCB info that ended a second ago.', { nextUpdate: iso(nowMs - 1_000) }),
  worded('of-tomorrow', 'TCB info that begins tomorrow.', { issueDate: iso(nowMs + DAY_MS) }),
  worded('other-date', 'A date of another form.', { nextUpdate: '2099' }),
  worded(
    'rolled-back',
    'Rolled back: unexpired TCB info of an evaluation below the policy.',
    { tcbEvaluationDataNumber: 16 },
    ['tcb-status'],
  ),
  worded(
    'without-module',
    "TCB info without this machine's TDX module.",
    { tdxModuleIdentities: [] },
    ['seam-module'],
  ),
  worded('absurd-length', 'TCB info of more than 65,536 bytes.', { padding: ' '.repeat(65_536) }),
  tdx('tdx-tcb-info-not-json', 'Signed bytes that are no JSON.', ['tcb-info'], {
    collateral: {
      tcbInfo: new Uint8Array(16).fill(0x7b),
      tcbInfoSignature: sign(tcbSigner.key, new Uint8Array(16).fill(0x7b)),
    },
  }),
  tdx('tdx-tcb-info-reworded', 'One space more in TCB info than was signed.', ['tcb-info'], {
    collateral: { tcbInfo: Uint8Array.from([...honest.tcbInfo, 0x20]) },
  }),
]

const enclaves: readonly CorpusEntry[] = [
  identity('of-sgx', "Swapped: the identity of SGX's quoting enclave.", { id: 'QE' }),
  identity('other-signer', 'An identity of another signer.', { mrsigner: '11'.repeat(32) }),
  identity('other-product', 'An identity of another product.', { isvprodid: 1 }),
  identity('other-miscselect', 'An identity with another MISCSELECT.', { miscselect: '01000000' }),
  identity('expired', 'An identity that ended a second ago.', { nextUpdate: iso(nowMs - 1_000) }),
  tdx('tdx-qe-identity-by-extracted-pck', 'Signed by an extracted PCK key.', ['qe-identity'], {
    collateral: qeIdentity(same, {
      key: extracted.key,
      chain: [extracted.certificate, root.certificate],
    }),
  }),
  tdx(
    'tdx-documents-swapped',
    'TCB info and QE identity, both well signed, each in the place of the other.',
    ['tcb-info', 'qe-identity'],
    {
      collateral: {
        tcbInfo: honest.qeIdentity,
        tcbInfoSignature: honest.qeIdentitySignature,
        qeIdentity: honest.tcbInfo,
        qeIdentitySignature: honest.tcbInfoSignature,
      },
    },
  ),
  tdx(
    'tdx-qe-identity-rolled-back',
    'Rolled back: a QE identity of an evaluation below the policy beside fresh TCB info.',
    ['tcb-status'],
    { collateral: qeIdentity((document) => ({ ...document, tcbEvaluationDataNumber: 16 })) },
  ),
  tdx('tdx-qe-identity-empty', 'A signed and empty JSON object.', ['qe-identity'], {
    collateral: {
      qeIdentity: documentBytes({}),
      qeIdentitySignature: sign(tcbSigner.key, documentBytes({})),
    },
  }),
]

export const TDX_DOCUMENTS: readonly CorpusEntry[] = [...signers, ...info, ...enclaves]
