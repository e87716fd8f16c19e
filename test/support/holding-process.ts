/** Reserves money in the ledger of a folder and then waits to be killed. */
import { openLedgerDatabase } from '#node/spending/database.ts'
import { Ledger } from '#node/spending/ledger.ts'

const [, , folder = '', account = '', nano = ''] = process.argv
const ledger = new Ledger(openLedgerDatabase(folder))
ledger.hold([{ account, capNano: undefined }], BigInt(nano))
process.stdout.write('held\n')
setInterval(() => undefined, 60_000)
