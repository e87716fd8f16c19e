/** The structure of TDX quotes: cut, padded, of absurd lengths, of other kinds. */
import { createMachine } from '#attestation/evidence/simulated/machine.ts'
import { concat, fromUtf8, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { newKey, reportData } from '#test/attestation/forge.ts'
import {
  bytes,
  machine,
  manufacturer,
  runtimeDigest,
  seed,
  zeros,
} from '#test/attestation/network.ts'
import type { CorpusEntry } from './entry.ts'
import { quoteBytes, tdx } from './tdx-entry.ts'

const quote = machine.quote(reportData)
const newMachine = createMachine(
  crypto,
  seed,
  manufacturer.authorities,
  'new',
  runtimeDigest,
  'td-1.5',
)
const quote5 = newMachine.quote(reportData)

/** Where things are in a version 4 quote. */
const AT = {
  version: 0,
  keyType: 2,
  teeType: 4,
  vendor: 12,
  body: 48,
  signatureDataLength: 632,
  signature: 636,
  attestationKey: 700,
  certificationType: 764,
  certificationLength: 766,
  qeReport: 770,
  qeSignature: 1_154,
  authLength: 1_218,
  innerType: 1_252,
  innerLength: 1_254,
  pem: 1_258,
} as const

function patched(at: number, values: readonly number[], whole = quote): Uint8Array {
  const changed = whole.slice()
  changed.set(values, at)
  return changed
}
const broken = (id: string, comment: string, other: Uint8Array) =>
  quoteBytes(`tdx-quote-${id}`, comment, ['quote-format'], other)
const ABSURD = [0xff, 0xff, 0xff, 0xff]

/** The quote with other PEM text; lengths are made to fit. */
function withPem(change: (text: string) => string): Uint8Array {
  const pem = utf8(change(fromUtf8(quote.subarray(AT.pem))))
  const u32 = (value: number) =>
    Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24)
  const inner = concat(quote.subarray(AT.qeReport, AT.innerLength), u32(pem.length), pem)
  const outer = concat(
    quote.subarray(AT.signature, AT.certificationLength),
    u32(inner.length),
    inner,
  )
  return concat(quote.subarray(0, AT.signatureDataLength), u32(outer.length), outer)
}

const lengths: readonly CorpusEntry[] = [
  broken('cut', 'The last byte is missing.', quote.subarray(0, -1)),
  broken('header-alone', 'A header and one byte.', quote.subarray(0, 49)),
  broken('half', 'The first half.', quote.subarray(0, quote.length >> 1)),
  broken(
    'padding-not-zero',
    '70 bytes behind the quote, one not zero.',
    concat(quote, bytes(70, 1)),
  ),
  broken('padded-71', '71 zero bytes behind the quote.', concat(quote, zeros(71))),
  broken('twice', 'The quote twice.', concat(quote, quote)),
  broken('too-long', 'More than 32,768 bytes.', concat(quote, zeros(32_768))),
  broken(
    'absurd-signature-length',
    'Signature data of 4 GiB.',
    patched(AT.signatureDataLength, ABSURD),
  ),
  broken(
    'absurd-certification-length',
    'Certification data of 4 GiB.',
    patched(AT.certificationLength, ABSURD),
  ),
  broken('absurd-pem-length', 'A certificate chain of 4 GiB.', patched(AT.innerLength, ABSURD)),
  broken(
    'absurd-authentication',
    '65,535 bytes of QE authentication data.',
    patched(AT.authLength, [0xff, 0xff]),
  ),
  broken(
    'short-certification',
    'Certification data of no bytes.',
    patched(AT.certificationLength, [0, 0, 0, 0]),
  ),
]

const kinds: readonly CorpusEntry[] = [
  broken('version-3', 'Quote version 3.', patched(AT.version, [3, 0])),
  broken('version-6', 'Quote version 6.', patched(AT.version, [6, 0])),
  broken('p-384-key', 'An attestation key on P-384.', patched(AT.keyType, [3, 0])),
  broken('other-vendor', "A stranger's quoting enclave.", patched(AT.vendor, [0])),
  broken(
    'certification-type',
    'Certification data of another type.',
    patched(AT.certificationType, [5, 0]),
  ),
  broken('inner-type', 'Inner certification data of another type.', patched(AT.innerType, [6, 0])),
  quoteBytes(
    'tdx-quote-of-sgx',
    'TEE type 0, an SGX quote.',
    ['evidence-format'],
    patched(AT.teeType, [0]),
  ),
  broken('v5-sgx-body', 'Version 5 with an SGX body.', patched(AT.body, [1, 0], quote5)),
  broken(
    'v5-other-body',
    'Version 5: a TD 1.0 body of the length of TD 1.5.',
    patched(AT.body, [2, 0], quote5),
  ),
  broken('v5-body-length', 'Version 5: a body one byte longer.', patched(50, [0x89, 2], quote5)),
  broken(
    'v5-kernel-padding',
    'The padding of version 4 behind version 5.',
    concat(quote5, zeros(70)),
  ),
  broken(
    'pem-crlf',
    'The chain with CR LF.',
    withPem((pem) => pem.replaceAll('\n', '\r\n')),
  ),
  broken(
    'pem-without-nul',
    'The chain without its NUL.',
    withPem((pem) => pem.slice(0, -1)),
  ),
  broken(
    'pem-text-before',
    'A word before the first certificate.',
    withPem((pem) => `x${pem}`),
  ),
  broken(
    'pem-one-line',
    'Base64 on one line.',
    withPem((pem) => pem.replace(/(?<=[A-Za-z0-9+/]{64})\n/g, '')),
  ),
  broken(
    'pem-not-base64',
    'A character that is not base64.',
    withPem((pem) => pem.replace('MII', 'M*I')),
  ),
]

const signatures: readonly CorpusEntry[] = [
  quoteBytes(
    'tdx-quote-body-changed',
    'One bit of MRTD.',
    ['quote-signature', 'measurements'],
    patched(AT.body + 136, [(quote[AT.body + 136] ?? 0) ^ 1]),
  ),
  quoteBytes(
    'tdx-quote-zero-signature',
    'A signature of zeros.',
    ['quote-signature'],
    patched(AT.signature, [...zeros(64)]),
  ),
  quoteBytes(
    'tdx-quote-key-not-on-curve',
    'An attestation key of zeros.',
    ['qe-report', 'quote-signature'],
    patched(AT.attestationKey, [...zeros(64)]),
  ),
  quoteBytes(
    'tdx-quote-other-key',
    'Another attestation key than the QE report names.',
    ['qe-report', 'quote-signature'],
    patched(AT.attestationKey, [...newKey('swapped').publicKey.subarray(1)]),
  ),
  quoteBytes(
    'tdx-quote-qe-report-changed',
    'One bit of the QE report.',
    ['qe-report'],
    patched(AT.qeReport + 20, [1]),
  ),
  quoteBytes(
    'tdx-quote-qe-signature-zero',
    'A QE report signature of zeros.',
    ['qe-report'],
    patched(AT.qeSignature, [...zeros(64)]),
  ),
]

const good: readonly CorpusEntry[] = [
  tdx('tdx-v5-td10-good', 'Quote version 5 with a TD 1.0 body.', [], { material: { version: 5 } }),
  tdx('tdx-v5-td15-good', 'Quote version 5 with a TD 1.5 body.', [], {}, { evidence: quote5 }),
  tdx(
    'tdx-kernel-padding-good',
    'Version 4 with the 70 zero bytes that Linux leaves.',
    [],
    {},
    {
      evidence: concat(quote, zeros(70)),
    },
  ),
]

export const TDX_QUOTES: readonly CorpusEntry[] = [...lengths, ...kinds, ...signatures, ...good]
