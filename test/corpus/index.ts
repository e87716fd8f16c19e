/** Every case of the corpus, in the order of their ids. */
import type { CorpusEntry } from './entry.ts'
import { GPUS } from './gpus.ts'
import { MALFORMED_DER } from './malformed-der.ts'
import { SNP_CHAINS } from './snp-chains.ts'
import { SNP_REPORTS } from './snp-reports.ts'
import { STATEMENTS } from './statements.ts'
import { TDX_CHAINS } from './tdx-chains.ts'
import { TDX_DOCUMENTS } from './tdx-documents.ts'
import { TDX_LISTS } from './tdx-lists.ts'
import { TDX_MACHINES } from './tdx-machines.ts'
import { TDX_QUOTES } from './tdx-quotes.ts'

export const CORPUS: readonly CorpusEntry[] = [
  ...STATEMENTS,
  ...TDX_QUOTES,
  ...TDX_CHAINS,
  ...MALFORMED_DER,
  ...TDX_LISTS,
  ...TDX_DOCUMENTS,
  ...TDX_MACHINES,
  ...SNP_REPORTS,
  ...SNP_CHAINS,
  ...GPUS,
].toSorted((one, other) => (one.id < other.id ? -1 : 1))
