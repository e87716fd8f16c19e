/** A client killed by the operating system between reservation and settlement. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openLedgerDatabase } from '#node/spending/database.ts'
import { Ledger } from '#node/spending/ledger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

it('kill -9 cannot overspend: what was reserved stays, before and after the next start', async () => {
  const folder = temporaryFolder()
  const program = path.join(import.meta.dirname, '../support/holding-process.ts')
  const child = spawn(process.execPath, [program, folder, 'key/a', '70'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const database = openLedgerDatabase(folder)
  onTestFinished(() => database.close())
  const ledger = new Ledger(database)
  const charge = { account: 'key/a', capNano: 100n }
  expect(ledger.hold([charge], 31n)).toMatchObject({ held: false, leftNano: 30n })
  expect(ledger.recover()).toBe(1)
  expect(ledger.balance('key/a')).toEqual({ spentNano: 70n, heldNano: 0n })
  expect(ledger.hold([charge], 30n).held).toBe(true)
})
