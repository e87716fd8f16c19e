/**
 * Builds test/vectors/protocol.json. Everything in it follows from fixed seeds; only the two HPKE
 * encapsulations are random by nature, so they are made once and then kept.
 */
import * as hpke from 'hpke'
import { CipherSuite } from 'hpke'
import { encodeAsk } from '#protocol/ask.ts'
import { concat, tagged, toHex, u32be, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { appendLeaf, emptyTree, leafHash, proveLeaf, treeRoot } from '#protocol/merkle.ts'
import {
  encodeReceiptBody,
  leafData,
  receiptId,
  receiptSigningBytes,
  requestCommitment,
  responseCommitment,
} from '#protocol/receipt.ts'
import { pad } from '#protocol/session/padding.ts'
import { SEAL_SUITES, type SealSuite, sealInfo, sealOpenSender } from '#protocol/session/seal.ts'
import { createSealSecrets } from '#protocol/session/sealed-stream.ts'
import { transcriptBytes } from '#protocol/session/transcript.ts'
import { chunkUnits, unitsCostNano } from '#protocol/session/units.ts'
import { FrameType } from '#protocol/wire/gen/cocoon_pb.ts'
import { askVectors } from './ask-vectors.ts'
import { strictEd25519Cases } from './ed25519-cases.ts'
import { filled, sampleBody } from './protocol-samples.ts'

const RESPONSE_SEED = filled(32, 0x11)
const SESSION_SEED = filled(32, 0x22)

function digests() {
  const cases: [string, Uint8Array[]][] = [
    ['cocoon/test/1', []],
    ['cocoon/test/1', [new Uint8Array(0)]],
    ['cocoon/test/1', [utf8('ab')]],
    ['cocoon/test/1', [utf8('a'), utf8('b')]],
    ['cocoon/seal/1', [filled(300, 1), u32be(7)]],
  ]
  return cases.map(([tag, fields]) => {
    const preimage = tagged(tag, ...fields)
    return {
      tag,
      fields: fields.map(toHex),
      preimage: toHex(preimage),
      sha256: toHex(crypto.sha256(preimage)),
    }
  })
}

function merkle() {
  return [0, 1, 2, 3, 7, 8, 11].map((count) => {
    const data = Array.from({ length: count }, (_, at) => utf8(`leaf ${at}`))
    const hashes = data.map((leaf) => leafHash(crypto, leaf))
    const tree = hashes.reduce((grown, leaf) => appendLeaf(crypto, grown, leaf), emptyTree())
    const proofs = hashes.map((_, index) => {
      const { path, otherPeaks } = proveLeaf(crypto, hashes, index)
      return { index, path: path.map(toHex), otherPeaks: otherPeaks.map(toHex) }
    })
    return {
      leaves: data.map(toHex),
      peaks: tree.peaks.map(toHex),
      root: toHex(treeRoot(crypto, tree)),
      proofs,
    }
  })
}

/** Each is a proof of leaf 3 of the tree with 11 leaves, with one thing changed. */
function merkleInvalid() {
  const valid = merkle().at(-1)!
  const proof = { ...valid.proofs[3]!, count: 11, root: valid.root, leaf: valid.leaves[3]! }
  const changes = {
    'another leaf': { leaf: toHex(utf8('leaf 4')) },
    'another index': { index: 2 },
    'an index beyond the tree': { index: 11 },
    'another count': { count: 12 },
    'a path too short': { path: proof.path.slice(1) },
    'a path too long': { path: [...proof.path, proof.path[0]!] },
    'a path upside down': { path: proof.path.toReversed() },
    'a peak missing': { otherPeaks: proof.otherPeaks.slice(1) },
    'peaks swapped': { otherPeaks: proof.otherPeaks.toReversed() },
    'another root': { root: '00'.repeat(32) },
  }
  return Object.entries(changes).map(([reason, change]) => ({ reason, ...proof, ...change }))
}

function ed25519() {
  return strictEd25519Cases().map(({ name, publicKey, message, signature, valid }) => ({
    name,
    publicKey: toHex(publicKey),
    message: toHex(message),
    signature: toHex(signature),
    valid,
  }))
}

const sessionFields = {
  statement: utf8('exact bytes of a statement'),
  quote: utf8('exact bytes of a quote'),
  clientNonce: filled(32, 3),
  providerChallenge: filled(32, 4),
}

function transcript() {
  const named = {
    clientVersions: [2, 1],
    providerVersions: [1],
    version: 1,
    channel: `0:${'ab'.repeat(32)}`,
    clientPeerId: '12D3KooWClient',
    providerPeerId: '12D3KooWProvider',
  }
  const bytes = transcriptBytes({ ...named, ...sessionFields, crypto })
  const signed = (seed: Uint8Array) => {
    const key = crypto.ed25519FromSeed(seed)
    return { publicKey: toHex(key.publicKey), signature: toHex(crypto.ed25519Sign(key, bytes)) }
  }
  const { statement, quote, clientNonce, providerChallenge } = sessionFields
  return {
    ...named,
    statement: toHex(statement),
    quote: toHex(quote),
    clientNonce: toHex(clientNonce),
    providerChallenge: toHex(providerChallenge),
    bytes: toHex(bytes),
    responseKey: signed(RESPONSE_SEED),
    sessionKey: signed(SESSION_SEED),
    sealInfo: toHex(sealInfo(crypto, sessionFields)),
  }
}

const requestId = filled(16, 5)

/** The stream key is given instead of the exchange, so that frames are reproducible. */
async function sealedStream() {
  const key = filled(32, 6)
  const contexts: string[] = []
  const exportSecret = async (context: Uint8Array) => {
    contexts.push(toHex(context))
    return key
  }
  const secrets = createSealSecrets(exportSecret, 'client')
  const stream = secrets.stream(requestId, 'client-to-provider')
  const plaintexts = [utf8('first'), new Uint8Array(0), filled(200, 7)]
  const frames = []
  for (const [at, plaintext] of plaintexts.entries()) {
    const final = at === plaintexts.length - 1
    const { sequence, ciphertext } = await stream.seal(FrameType.REQUEST, final, plaintext)
    const frame = { sequence, type: 2, final, plaintext: toHex(plaintext) }
    frames.push({ ...frame, ciphertext: toHex(ciphertext) })
  }
  const direction = 'client-to-provider'
  return {
    requestId: toHex(requestId),
    direction,
    exporterContext: contexts[0],
    key: toHex(key),
    frames,
  }
}

/** Each is a first frame for the stream above, refused with the code. */
async function sealedStreamInvalid() {
  const { frames } = await sealedStream()
  const first = frames[0]!
  const bytes = first.ciphertext
  const flipped = bytes.replace(/^../, (byte) => (byte === '00' ? '01' : '00'))
  const changes = [
    { code: 'SEAL_SEQUENCE', sequence: 1 },
    { code: 'SEAL_TAMPERED', type: 1 },
    { code: 'SEAL_TAMPERED', final: true },
    { code: 'SEAL_TAMPERED', ciphertext: flipped },
    { code: 'SEAL_SIZE', ciphertext: bytes.slice(2) },
    { code: 'SEAL_TAMPERED', ciphertext: frames[1]!.ciphertext },
  ]
  const { plaintext: _, ...frame } = first
  return changes.map((change) => ({ ...frame, ...change }))
}

function padding() {
  const plaintexts = [new Uint8Array(0), utf8('hello'), filled(124, 1), filled(125, 1)]
  const padded = pad(utf8('hello'))
  return {
    valid: plaintexts.map((bytes) => ({ plaintext: toHex(bytes), padded: toHex(pad(bytes)) })),
    invalid: [
      { reason: 'a byte of padding is not zero', padded: toHex(padded.with(-1, 1)) },
      { reason: 'the length leads beyond the end', padded: toHex(padded.with(3, 125)) },
      { reason: 'a larger bucket than needed', padded: toHex(concat(padded, filled(384, 0))) },
      { reason: 'no bucket', padded: toHex(padded.subarray(1)) },
    ],
  }
}

const HPKE_KEMS: Record<SealSuite, hpke.KEMFactory> = {
  'MLKEM768-X25519/HKDF-SHA256/AES-256-GCM': hpke.KEM_MLKEM768_X25519,
  'X25519/HKDF-SHA256/AES-256-GCM': hpke.KEM_DHKEM_X25519_HKDF_SHA256,
}

/** The sealing key of the exchange vectors: DeriveKeyPair of 32 bytes 08. */
export async function vectorSealingKey(suite: SealSuite) {
  const cipher = new CipherSuite(HPKE_KEMS[suite], hpke.KDF_HKDF_SHA256, hpke.AEAD_AES_256_GCM)
  const keyPair = await cipher.DeriveKeyPair(filled(32, 8), true)
  const publicKey = await cipher.SerializePublicKey(keyPair.publicKey)
  const privateKey = await cipher.SerializePrivateKey(keyPair.privateKey)
  return { sealingKey: { suite, publicKey, keyPair }, privateKey }
}

async function exchange(suite: SealSuite) {
  const { sealingKey, privateKey } = await vectorSealingKey(suite)
  const info = sealInfo(crypto, sessionFields)
  const { enc, secrets } = await sealOpenSender(suite, sealingKey.publicKey, info)
  const stream = secrets.stream(requestId, 'client-to-provider')
  const plaintext = utf8('sealed')
  const { ciphertext } = await stream.seal(FrameType.REQUEST, true, plaintext)
  return {
    suite,
    privateKey: toHex(privateKey),
    publicKey: toHex(sealingKey.publicKey),
    info: toHex(info),
    enc: toHex(enc),
    requestId: toHex(requestId),
    direction: 'client-to-provider',
    plaintext: toHex(plaintext),
    ciphertext: toHex(ciphertext),
  }
}

export type ExchangeVector = Awaited<ReturnType<typeof exchange>>

export function makeExchanges(): Promise<ExchangeVector[]> {
  return Promise.all(SEAL_SUITES.map(exchange))
}

function commitments() {
  const salt = filled(32, 9)
  const askBody = encodeAsk({
    modelId: 'cocoon-demo',
    messages: [{ role: 'user', content: 'What is a cocoon? 🦋' }],
    maxTokens: 64,
    temperature: 0.7,
    topP: 1,
    seed: 18_446_744_073_709_551_615n,
    stop: ['\n'],
  })
  const tokenIds = [0, 1, 151_000, 4_294_967_295]
  return {
    salt: toHex(salt),
    askBody: toHex(askBody),
    requestCommitment: toHex(requestCommitment(crypto, salt, askBody)),
    tokenIds,
    responseCommitment: toHex(responseCommitment(crypto, salt, tokenIds)),
    emptyResponseCommitment: toHex(responseCommitment(crypto, salt, [])),
  }
}

function receipt() {
  const body = encodeReceiptBody(sampleBody)
  const key = crypto.ed25519FromSeed(RESPONSE_SEED)
  const signature = crypto.ed25519Sign(key, receiptSigningBytes(body))
  const signed = { body, signature, billBoc: filled(150, 15), billSignature: filled(64, 16) }
  const plain = JSON.parse(
    JSON.stringify(sampleBody, (_, value: unknown) => {
      if (typeof value === 'bigint') return value.toString()
      return value instanceof Uint8Array ? toHex(value) : value
    }),
  ) as Record<string, unknown>
  return {
    fields: plain,
    body: toHex(body),
    signingBytes: toHex(receiptSigningBytes(body)),
    publicKey: toHex(key.publicKey),
    signature: toHex(signature),
    billBoc: toHex(signed.billBoc),
    billSignature: toHex(signed.billSignature),
    leafData: toHex(leafData(signed)),
    receiptId: receiptId(crypto, signed),
    invalidBodies: invalidBodies(toHex(body)),
  }
}

function invalidBodies(body: string) {
  return [
    { reason: 'empty', body: '' },
    { reason: 'cut', body: body.slice(0, -2) },
    { reason: 'an unknown field', body: `${body}f80101` },
    { reason: 'a field twice', body: `${body}0801` },
    { reason: 'another version', body: body.replace(/^0801/, '0802') },
    { reason: 'a varint that is not the shortest', body: body.replace(/^0801/, '088100') },
    { reason: 'no version', body: body.replace(/^0801/, '') },
  ]
}

function metering() {
  const prices = { promptNanoPerMtok: 3n, cachedNanoPerMtok: 1n, completionNanoPerMtok: 999_999n }
  const cases: [number, number, number][] = [
    [10, 0, 0],
    [10, 0, 1],
    [10, 0, 10],
    [10, 4, 10],
    [10, 0, 11],
    [10, 0, 1_000_010],
  ]
  return {
    chunks: [0, 127, 128, 256, 512, 1_023, 1_024, 10_000].map((keptUnits) => ({
      keptUnits,
      units: chunkUnits(keptUnits),
    })),
    prices: Object.fromEntries(Object.entries(prices).map(([name, nano]) => [name, `${nano}`])),
    costs: cases.map(([promptTokens, cachedTokens, units]) => {
      const nano = unitsCostNano(prices, promptTokens, cachedTokens, units)
      return { promptTokens, cachedTokens, units, costNano: nano.toString() }
    }),
  }
}

/** `exchanges` is the part that cannot be made twice. */
export async function buildProtocolVectors(exchanges: readonly ExchangeVector[]) {
  return {
    format: 'cocoon-protocol-vectors/1',
    digests: digests(),
    merkle: { valid: merkle(), invalid: merkleInvalid() },
    ed25519: ed25519(),
    transcript: transcript(),
    seal: {
      padding: padding(),
      stream: { ...(await sealedStream()), invalidFirstFrames: await sealedStreamInvalid() },
      exchanges,
    },
    asks: askVectors(),
    commitments: commitments(),
    receipt: receipt(),
    metering: metering(),
  }
}

export type ProtocolVectors = Awaited<ReturnType<typeof buildProtocolVectors>>
