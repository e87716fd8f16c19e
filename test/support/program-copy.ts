/** A copy of the program that calls itself another version, as an upgrade would put it in place. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')
const ROOMS = ['protocol', 'inference', 'attestation', 'settlement', 'node']

export function copyProgram(folder: string, version: string): string {
  mkdirSync(folder, { recursive: true })
  for (const room of ROOMS)
    cpSync(path.join(ROOT, room), path.join(folder, room), { recursive: true })
  for (const name of ['node_modules', 'models']) {
    symlinkSync(path.join(ROOT, name), path.join(folder, name))
  }
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...manifest, version }))
  return folder
}
