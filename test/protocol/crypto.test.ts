import { nobleCrypto } from '#protocol/crypto/noble.ts'
import { nodeCrypto } from '#protocol/crypto/node.ts'
import { testCryptoPort } from '#test/contracts/crypto.ts'

testCryptoPort('node:crypto', nodeCrypto)
testCryptoPort('noble', nobleCrypto)
