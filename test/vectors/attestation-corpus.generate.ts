/**
 * Writes every file of test/vectors/attestation/ (docs/spec/attestation-corpus.md) from a fixed seed: the same bytes
 * whenever `npx node test/vectors/attestation-corpus.generate.ts` runs. Files that no case has are left alone, and the
 * tests name them.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { corpusFiles } from '#test/corpus/files.ts'
import { CORPUS } from '#test/corpus/index.ts'

const folder = path.join(import.meta.dirname, 'attestation')
mkdirSync(folder, { recursive: true })
for (const [name, text] of corpusFiles(CORPUS)) writeFileSync(path.join(folder, name), text)
