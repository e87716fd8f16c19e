/**
 * Compiles the channel contract with the pinned Tolk compiler. Production reads the committed
 * `uni-channel.code.json`; a test compiles the source again and compares.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { runTolkCompiler } from '@ton/tolk-js'

export interface CompiledContract {
  readonly contract: string
  readonly tolkVersion: string
  /** SHA-256 of the source file, hexadecimal. */
  readonly sourceSha256: string
  /** Representation hash of the code cell, hexadecimal. */
  readonly codeHash: string
  readonly codeBoc64: string
}

const SOURCE = 'uni-channel.tolk'

/** @throws Error with the compiler's message when the source does not compile. */
export async function compileChannel(): Promise<CompiledContract> {
  const source = readFileSync(new URL(SOURCE, import.meta.url), 'utf8')
  const result = await runTolkCompiler({
    entrypointFileName: SOURCE,
    fsReadCallback: () => source,
  })
  if (result.status === 'error') throw new Error(result.message)
  return {
    contract: SOURCE,
    tolkVersion: result.tolkVersion,
    sourceSha256: createHash('sha256').update(source).digest('hex'),
    codeHash: result.codeHashHex.toLowerCase(),
    codeBoc64: result.codeBoc64,
  }
}

/* Run directly to write the committed code: `npx node settlement/contracts/compile.ts`. */
if (import.meta.main) {
  const { writeFileSync } = await import('node:fs')
  const target = new URL('uni-channel.code.json', import.meta.url)
  writeFileSync(target, `${JSON.stringify(await compileChannel(), undefined, 2)}\n`)
}
