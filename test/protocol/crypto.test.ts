import { expect, it } from 'vitest'
import { fromHex, utf8 } from '#protocol/bytes.ts'
import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { rememberSignatures } from '#protocol/crypto/remembered-signatures.ts'
import { testCryptoPort } from '#test/contracts/crypto.ts'

testCryptoPort('node:crypto', nodeCrypto)
testCryptoPort('noble', nobleCrypto)
testCryptoPort('node:crypto, remembering signatures', rememberSignatures(nodeCrypto))

it('a remembering port checks a good signature once, a bad one each time, and forgets the oldest', () => {
  let checks = 0
  const counting = {
    ...nodeCrypto,
    ecdsaVerify: (...given: Parameters<typeof nodeCrypto.ecdsaVerify>) => {
      checks++
      return given[3][0] === 1
    },
  }
  const crypto = rememberSignatures(counting, 2)
  const key = fromHex('04')
  const verify = (message: string, first: number): [boolean, number] => {
    checks = 0
    return [crypto.ecdsaVerify('P-256', key, utf8(message), Uint8Array.of(first)), checks]
  }
  expect(verify('a', 1)).toEqual([true, 1])
  expect(verify('a', 1)).toEqual([true, 0])
  expect(verify('a', 0)).toEqual([false, 1])
  expect(verify('a', 0)).toEqual([false, 1])
  expect(crypto.ecdsaVerify('P-384', key, utf8('a'), Uint8Array.of(1)) && checks).toBe(2)
  expect(verify('b', 1)).toEqual([true, 1])
  expect(verify('a', 1)).toEqual([true, 1])
})
