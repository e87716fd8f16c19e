/**
 * The class of processors whose floating-point results are alike: onnxruntime picks its kernels by
 * these features, and only within one class are logits promised to be equal bit for bit.
 */
import { readFile } from 'node:fs/promises'

/** Features that choose a kernel (onnxruntime's MLAS), in the names of Linux' /proc/cpuinfo. */
const FEATURES = [
  'avx',
  'avx2',
  'fma',
  'f16c',
  'avx512f',
  'avx512_vnni',
  'avx512_bf16',
  'avx_vnni',
  'amx_int8',
  'amx_bf16',
  'asimd',
  'asimddp',
  'i8mm',
  'sve',
]

const CPUINFO_CHARS_MAX = 65_536

/** For example "linux-x64 avx,avx2,fma"; "unknown" features where the system does not tell them. */
export async function instructionSetClass(platform: string, architecture: string): Promise<string> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(text.slice(0, CPUINFO_CHARS_MAX))?.[1]
  if (line === undefined) return `${platform}-${architecture} unknown`
  const present = new Set(line.trim().split(/\s+/))
  return `${platform}-${architecture} ${FEATURES.filter((name) => present.has(name)).join(',')}`
}
