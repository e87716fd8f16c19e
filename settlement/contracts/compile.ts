/**
 * Compiles the contracts with the pinned Tolk compiler. Production reads the committed
 * `*.code.json`; a test compiles the sources again and compares.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { runTolkCompiler } from '@ton/tolk-js'

/** Every contract of this folder; `calls.tolk` and `vouchers.tolk` are what they share. */
export const CONTRACTS = [
  'uni-channel',
  'jetton-channel',
  'registry',
  'bond',
  'epoch-anchor',
] as const
export type ContractName = (typeof CONTRACTS)[number]

export interface CompiledContract {
  readonly contract: string
  readonly tolkVersion: string
  /** SHA-256 over the source files in the order they were read, hexadecimal. */
  readonly sourceSha256: string
  /** Representation hash of the code cell, hexadecimal. */
  readonly codeHash: string
  readonly codeBoc64: string
}

/** How a source file is found; a test passes mutated ones. */
export type ReadSource = (file: string) => string

const readCommitted: ReadSource = (file) => readFileSync(new URL(file, import.meta.url), 'utf8')

/** @throws Error with the compiler's message when the source does not compile. */
export async function compileContract(
  name: ContractName,
  readSource: ReadSource = readCommitted,
): Promise<CompiledContract> {
  const digest = createHash('sha256')
  const contract = `${name}.tolk`
  const result = await runTolkCompiler({
    entrypointFileName: contract,
    fsReadCallback: (path) => {
      const source = readSource(path)
      digest.update(source)
      return source
    },
  })
  if (result.status === 'error') throw new Error(result.message)
  return {
    contract,
    tolkVersion: result.tolkVersion,
    sourceSha256: digest.digest('hex'),
    codeHash: result.codeHashHex.toLowerCase(),
    codeBoc64: result.codeBoc64,
  }
}

/* Run directly to write the committed code: `npx node settlement/contracts/compile.ts`. */
if (import.meta.main) {
  const { writeFileSync } = await import('node:fs')
  for (const name of CONTRACTS) {
    const target = new URL(`${name}.code.json`, import.meta.url)
    writeFileSync(target, `${JSON.stringify(await compileContract(name), undefined, 2)}\n`)
  }
}
