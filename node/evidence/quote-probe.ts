/** One quote from the TEE of this machine, for `cocoon doctor`: made, looked at by nobody, forgotten. */
import { reportData } from '#attestation/statement.ts'
import { sleep } from '#node/async.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { chooseTee } from './choose.ts'
import { configfsTree } from './configfs-tree.ts'
import { dstackSource, snpSource, tdxSource } from './sources.ts'

/** Random bytes are no statement that anybody would take: the quote can be used for nothing. */
const PROBE_BYTES = 32

/**
 * Takes no collateral: whether the vendor's service answers is another question.
 * @throws ConfigError TEE_MISSING
 * @throws UnavailableError QUOTE_UNAVAILABLE
 */
export async function probeQuote(): Promise<void> {
  const tsm = { tree: configfsTree(), crypto, sleep }
  const noCollateral = async () => new Uint8Array(0)
  const source = chooseTee('auto', {
    tdx: () => tdxSource(tsm, noCollateral),
    dstack: (socket) => dstackSource(crypto, socket, noCollateral),
    snp: () => snpSource(tsm, noCollateral),
    simulated: undefined,
  })
  await source.quote(reportData(crypto, 'epoch', crypto.randomBytes(PROBE_BYTES)))
}
