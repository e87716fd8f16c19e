/** `cocoon attest self-test`: runs every case of the corpus and prints what came of each. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { type CaseResult, runCase } from '#attestation/appraisal/corpus.ts'
import {
  type CorpusCase,
  NOTHING_SHARED,
  parseCase,
  parseShared,
} from '#attestation/appraisal/corpus-case.ts'
import { table } from '#node/text.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { ConfigError } from '#protocol/errors.ts'
import { readBounded } from '../bounded-file.ts'
import { CORPUS_CASE_BYTES_MAX, CORPUS_CASES_MAX } from '../constants.ts'
import type { CliContext } from '../context.ts'

export interface SelfTestOptions {
  readonly corpus?: string
  readonly json?: boolean
}

/** What several cases name by hash. */
const SHARED = 'shared.json'
const CORPUS = path.join(import.meta.dirname, '../../../test/vectors/attestation')

/**
 * @returns whether every case came out as it must
 * @throws ConfigError CORPUS_INVALID
 */
export async function selfTest(options: SelfTestOptions, context: CliContext): Promise<boolean> {
  const results = runCorpus(options.corpus ?? CORPUS)
  const wrong = results.filter(({ isAsExpected }) => !isAsExpected)
  const { output } = context
  if (options.json === true) output.json({ cases: results.length, wrong: wrong.length, results })
  else {
    output.result(
      table(results, [
        { title: 'CASE', cell: ({ id }) => id },
        { title: 'AS EXPECTED', cell: ({ isAsExpected }) => (isAsExpected ? 'yes' : 'NO') },
        { title: 'OUTCOME', cell: ({ found }) => found },
      ]),
    )
    output.result(`\n${results.length - wrong.length} of ${results.length} as expected`)
  }
  for (const { id, expected } of wrong) output.talk(`cocoon: ${id} must be: ${expected}`, 'red')
  return wrong.length === 0
}

/** In the order of their names. @throws ConfigError CORPUS_INVALID when there is none, or one is broken */
export function runCorpus(dir: string): CaseResult[] {
  return readCorpus(dir).map((one) => runCase(one, crypto))
}

function readCorpus(dir: string): CorpusCase[] {
  const names = namesIn(dir).filter((name) => name.endsWith('.json'))
  const files = names.filter((name) => name !== SHARED)
  if (files.length === 0 || files.length > CORPUS_CASES_MAX) {
    throw new ConfigError('CORPUS_INVALID', `${files.length} cases in ${dir}`, {
      remedy: 'Name the folder of a corpus with --corpus.',
    })
  }
  const read = <T>(name: string, parse: (document: unknown) => T): T => {
    const text = readBounded(path.join(dir, name), CORPUS_CASE_BYTES_MAX).toString('utf8')
    try {
      return parse(JSON.parse(text))
    } catch (cause) {
      throw new ConfigError('CORPUS_INVALID', `${name} of the corpus cannot be read`, { cause })
    }
  }
  const isShared = names.includes(SHARED)
  const shared = isShared ? read(SHARED, (text) => parseShared(text, crypto)) : NOTHING_SHARED
  return files.sort().map((name) => read(name, (document) => parseCase(document, shared)))
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
