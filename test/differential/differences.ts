/**
 * Every class of evidence that the other verifier accepts and ours refuses, with why, and the one class that ours accepts
 * alone under a policy that takes outdated platforms. What the classes have in common: the other library answers "is this a quote of Intel's at some TCB?", and
 * leaves the rest to its caller or to whoever fetched the collateral for it.
 */
export interface Difference {
  readonly name: string
  /** Of our refusal: the step and its reason. */
  readonly refusal: RegExp
  /** Why ours refuses, and what the other verifier takes as given. */
  readonly reason: string
  /** Whether the short run meets it; others turn up in the long one. */
  readonly isCommon: boolean
}

export const DIFFERENCES: readonly Difference[] = [
  {
    name: 'revocation lists',
    refusal: /^revocation: /,
    reason:
      'Ours needs the list of each authority, complete, signed by it and of today; the other looks serial numbers up in whatever lists it can read, and trusts who fetched them for the rest.',
    isCommon: true,
  },
  {
    name: 'revoked signers of documents',
    refusal: /^(tcb-info|qe-identity): (no revocation list|.* is revoked)/,
    reason: 'The same lists, for the certificates that sign TCB info and QE identity.',
    isCommon: false,
  },
  {
    name: 'exact length of a quote',
    refusal: /^quote-format: /,
    reason:
      'Ours reads one encoding, to the last byte, its PEM text included; the other leaves bytes behind a quote and around certificates alone.',
    isCommon: true,
  },
  {
    name: 'exact chain profile',
    refusal:
      /^(pck-chain|tcb-info|qe-identity): (chain of|unexpected certificate|wrong CA flag|.*other issuer name|.*may (not )?sign|.*too long a path|the chain does not end)/,
    reason:
      "Ours fixes length, names, CA flags, key usages and issuer names of each of Intel's chains; the other checks that some path leads to the root.",
    isCommon: true,
  },
  {
    name: 'strict DER in certificates',
    refusal: /^(pck-chain|tcb-info|qe-identity|anchor): (malformed DER|.*not valid yet|.*expired)/,
    reason: 'Ours reads one encoding of a certificate, with both dates; the other reads more.',
    isCommon: false,
  },
  {
    name: 'PCE and type of TCB info',
    refusal:
      /^(tcb-info|qe-identity): (TCB info of another PCE|unexpected field|not JSON|TCB info of)/,
    reason:
      'Ours demands every field of the version of a document that it was written for, and the PCE of this platform; the other reads the fields that it needs.',
    isCommon: true,
  },
  {
    name: 'TDX module identity',
    refusal: /^seam-module: /,
    reason:
      'Ours judges MRSIGNERSEAM, SEAM attributes and the version of the TDX module by its identity in TCB info; the other leaves the module out.',
    isCommon: true,
  },
  {
    name: 'TCB of TDX modules and both SVN sets',
    refusal: /^tcb-status: /,
    reason:
      "Ours lets a module's own status, and the second SVN set of TD 1.5, make a level worse; the other looks at the platform's level at launch.",
    isCommon: false,
  },
  {
    name: 'attributes of the guest',
    refusal: /^td-attributes: /,
    reason:
      'Ours refuses PERFMON, key locker where the policy masks it, and features outside XFAM; the other refuses DEBUG and reserved bits.',
    isCommon: false,
  },
  {
    name: 'what the guest measures to',
    refusal: /^measurements: /,
    reason:
      'Ours takes listed releases only; the other returns the registers for its caller to compare.',
    isCommon: true,
  },
]

/**
 * Accepted by ours alone, as OutOfDate and only where a policy takes that: an old TDX module whose version TCB info judges
 * by the module's own identity. Intel's own verifier leaves the first two TDX components out of the platform's level
 * then; the other verifier compares them all the same and finds no level.
 */
export const OLD_MODULE = /^No matching TCB level found$/

export function classOf(refusal: string): Difference | undefined {
  return DIFFERENCES.find((one) => one.refusal.test(refusal))
}
