/** Revocation lists: missing, expired, foreign, truncated, and ones that name the machine. */
import {
  extracted,
  honest,
  newKey,
  platform,
  revocationList,
  root,
  stranger,
  tcbSigner,
} from '#test/attestation/forge.ts'
import { bytes, machine, nowMs } from '#test/attestation/network.ts'
import type { CorpusEntry } from './entry.ts'
import { tdx } from './tdx-entry.ts'

const DAY_MS = 86_400_000
const pckList = revocationList(platform)

const refused = (id: string, comment: string, collateral: object) =>
  tdx(`tdx-${id}`, comment, ['revocation'], { collateral })

export const TDX_LISTS: readonly CorpusEntry[] = [
  refused('pck-revoked', 'The PCK certificate is on the list of the platform CA.', {
    pckCrl: revocationList(platform, { revoked: ['01', machine.pckSerial] }),
  }),
  refused('platform-ca-revoked', "The platform CA is on the root's list.", {
    rootCrl: revocationList(root, { revoked: [platform.serial] }),
  }),
  refused('pck-list-missing', 'No list of the platform CA.', { pckCrl: bytes(0, 0) }),
  refused('root-list-missing', 'No list of the root.', { rootCrl: bytes(0, 0) }),
  refused('pck-list-truncated', 'The list of the platform CA lacks its last byte.', {
    pckCrl: pckList.subarray(0, -1),
  }),
  refused('root-list-truncated', 'Half of the list of the root.', {
    rootCrl: honest.rootCrl.subarray(0, honest.rootCrl.length >> 1),
  }),
  refused('pck-list-padded', 'A zero byte behind the list of the platform CA.', {
    pckCrl: Uint8Array.from([...pckList, 0]),
  }),
  refused('lists-swapped', 'Each list in the place of the other.', {
    rootCrl: honest.pckCrl,
    pckCrl: honest.rootCrl,
  }),
  refused('root-list-twice', "The root's list in both places.", { pckCrl: honest.rootCrl }),
  refused('pck-list-of-a-stranger', 'A list of another root.', {
    pckCrl: revocationList(stranger),
  }),
  refused('pck-list-other-key', "A list in the platform CA's name, signed by another key.", {
    pckCrl: revocationList({ ...platform, key: newKey('x') }),
  }),
  refused('pck-list-by-extracted-pck', 'A list signed by an extracted PCK key.', {
    pckCrl: revocationList({ ...platform, key: extracted.key }),
  }),
  refused('root-list-by-platform-ca', "A list in the root's name, signed by the platform CA.", {
    rootCrl: revocationList({ ...root, key: platform.key }),
  }),
  refused('pck-list-of-tomorrow', 'A list that begins tomorrow.', {
    pckCrl: revocationList(platform, { thisUpdateMs: nowMs + DAY_MS }),
  }),
  refused('pck-list-expired', 'A list that ended a second ago.', {
    pckCrl: revocationList(platform, { nextUpdateMs: nowMs - 1_000 }),
  }),
  refused('root-list-expired', "The root's list ended a second ago.", {
    rootCrl: revocationList(root, { nextUpdateMs: nowMs - 1_000 }),
  }),
  tdx(
    'tdx-tcb-signer-revoked',
    'The certificate that signs TCB info and QE identity is revoked.',
    ['tcb-info', 'qe-identity'],
    { collateral: { rootCrl: revocationList(root, { revoked: [tcbSigner.serial] }) } },
  ),
  tdx('tdx-others-revoked-good', 'Other serial numbers are revoked: this machine is good.', [], {
    collateral: { pckCrl: revocationList(platform, { revoked: ['01', '7f'.repeat(20)] }) },
  }),
]
