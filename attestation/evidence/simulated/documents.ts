/** The two signed JSON documents of the simulated manufacturer, as Intel PCS API v4 words them. */
import { isoSeconds } from '#attestation/der/time.ts'
import { toHex, utf8 } from '#protocol/bytes.ts'
import {
  QE_ISV_PROD_ID,
  SIMULATED_CPU_SVN,
  SIMULATED_EVALUATION_NUMBER,
  SIMULATED_FMSPC,
  SIMULATED_PCE_ID,
  SIMULATED_PCE_SVN,
} from './platform.ts'

export interface DocumentDates {
  readonly issuedMs: number
  readonly nextUpdateMs: number
}

const TCB_DATE = '2026-01-01T00:00:00Z'
/** Lowest SVNs that are up to date; a machine below one of them is out of date. */
const TDX_COMPONENTS = [5, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
const MODULE = {
  mrsigner: '00'.repeat(48),
  attributes: '00'.repeat(8),
  attributesMask: 'FF'.repeat(8),
}

function issued(dates: DocumentDates) {
  return {
    issueDate: isoSeconds(dates.issuedMs),
    nextUpdate: isoSeconds(dates.nextUpdateMs),
    tcbEvaluationDataNumber: SIMULATED_EVALUATION_NUMBER,
  }
}

/** TCB info version 3 as an object, so that forged variants can be made from it. */
export function simulatedTcbInfo(dates: DocumentDates) {
  const level = {
    tcb: {
      sgxtcbcomponents: [...SIMULATED_CPU_SVN].map((svn) => ({ svn })),
      pcesvn: SIMULATED_PCE_SVN,
      tdxtcbcomponents: TDX_COMPONENTS.map((svn) => ({ svn })),
    },
    tcbDate: TCB_DATE,
    tcbStatus: 'UpToDate',
  }
  const oldTcb = { ...level.tcb, pcesvn: SIMULATED_PCE_SVN - 5 }
  const oldLevel = {
    tcb: oldTcb,
    tcbDate: TCB_DATE,
    tcbStatus: 'OutOfDate',
    advisoryIDs: ['SIMULATED-SA-00001'],
  }
  const moduleLevel = (isvsvn: number, tcbStatus: string) => ({
    tcb: { isvsvn },
    tcbDate: TCB_DATE,
    tcbStatus,
  })
  const moduleLevels = [moduleLevel(5, 'UpToDate'), moduleLevel(2, 'OutOfDate')]
  return {
    id: 'TDX',
    version: 3,
    ...issued(dates),
    fmspc: toHex(SIMULATED_FMSPC).toUpperCase(),
    pceId: toHex(SIMULATED_PCE_ID),
    tcbType: 0,
    tdxModule: MODULE,
    tdxModuleIdentities: [{ id: 'TDX_01', ...MODULE, tcbLevels: moduleLevels }],
    tcbLevels: [level, oldLevel],
  }
}

/** Enclave identity version 2. */
export function simulatedQeIdentity(dates: DocumentDates, qeSigner: Uint8Array) {
  return {
    id: 'TD_QE',
    version: 2,
    ...issued(dates),
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: '11000000000000000000000000000000',
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: toHex(qeSigner).toUpperCase(),
    isvprodid: QE_ISV_PROD_ID,
    tcbLevels: [{ tcb: { isvsvn: 4 }, tcbDate: TCB_DATE, tcbStatus: 'UpToDate' }],
  }
}

/** The exact bytes that are signed and carried. */
export function documentBytes(document: object): Uint8Array {
  return utf8(JSON.stringify(document))
}
