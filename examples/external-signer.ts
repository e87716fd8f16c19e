// A program that keeps a wallet's key: `cocoon wallet import --signer "npx node examples/external-signer.ts"`.
// One line of JSON in, one line out. It trusts nothing but the cell that it signs: it decodes that cell
// itself, and refuses what sends too much. SIGNER_SEED (64 hexadecimal digits) stands for your vault.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { Cell, loadOutList } from '@ton/core'

const VALUE_NANO_MAX = 2_000_000_000n
const SIGNED_EXTERNAL = 0x7369676e

const seed = process.env['SIGNER_SEED'] ?? '07'.repeat(32)
// PKCS #8 of an Ed25519 key (RFC 8410) is this prefix and the seed.
const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex')
const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })

/** What a V5R1 wallet would send, read from the signed cell. Throws for anything else in it. */
function valuesIn(cell: Cell): readonly bigint[] {
  const slice = cell.beginParse()
  if (slice.loadUint(32) !== SIGNED_EXTERNAL) throw new Error('not a message of a wallet')
  slice.skip(32 + 32 + 32) // wallet id, valid until, seqno
  const actions = slice.loadMaybeRef()
  if (slice.loadBit()) throw new Error('it changes who may sign')
  return loadOutList(actions?.beginParse() ?? Cell.EMPTY.beginParse()).map((action) => {
    if (action.type !== 'sendMsg') throw new Error('it does more than send')
    if ((action.mode & 128) !== 0) throw new Error('it sends the whole balance')
    return action.outMsg.info.type === 'internal' ? action.outMsg.info.value.coins : 0n
  })
}

function answer(asked: {
  id: string
  action: string
  cell?: string
  transfers?: unknown[]
}): object {
  const { id, action, cell: boc = '', transfers = [] } = asked
  if (action === 'public-key') {
    const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' })
    return { id, publicKey: Buffer.from(x, 'base64url').toString('hex') }
  }
  try {
    const cell = Cell.fromBase64(boc)
    const values = valuesIn(cell)
    if (values.length !== transfers.length) throw new Error('what was said is not what is signed')
    if (values.some((nano) => nano > VALUE_NANO_MAX)) throw new Error('more than I sign for')
    return { id, signature: sign(null, cell.hash(), privateKey).toString('hex') }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : 'refused' }
  }
}

const question = await text(process.stdin)
if (question !== '') console.log(JSON.stringify(answer(JSON.parse(question))))
else console.log('waits for one line of JSON on standard input')
