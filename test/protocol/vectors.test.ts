/** The published vectors: still what the code makes, and read by both crypto implementations. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { toHex } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { parseSealSuite } from '#protocol/session/seal.ts'
import { testProtocolVectors } from '#test/contracts/protocol-vectors.ts'
import {
  buildProtocolVectors,
  type ProtocolVectors,
  vectorSealingKey,
} from '#test/support/protocol-vectors.ts'

const file = new URL('../vectors/protocol.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as ProtocolVectors

it('protocol.json is what the generator writes', async () => {
  const built = await buildProtocolVectors(vectors.seal.exchanges)
  expect(JSON.parse(JSON.stringify(built))).toEqual(vectors)
})

it('sealing keys follow from the seed that the vectors name', async () => {
  expect(vectors.seal.exchanges).toHaveLength(2)
  for (const vector of vectors.seal.exchanges) {
    const { sealingKey, privateKey } = await vectorSealingKey(parseSealSuite(vector.suite))
    const keys = [toHex(privateKey), toHex(sealingKey.publicKey)]
    expect(keys).toEqual([vector.privateKey, vector.publicKey])
  }
})

testProtocolVectors('node:crypto', nodeCrypto, vectors)
testProtocolVectors('noble', nobleCrypto, vectors)
