/** From the files of a model to the graph that is run: checked, refused or rewritten. */
import { basename } from 'node:path'
import type { Model } from '../../model/read-model.ts'
import { checkExternalData } from '../graph/external-data.ts'
import { type GraphSignature, readSignature } from '../graph/signature.ts'
import { readGraphValues } from '../graph/values.ts'
import { attentionHeads } from '../piece-size.ts'
import { setAccuracyLevels } from './accuracy-level.ts'
import { moveAttentionScale } from './attention-scale.ts'
import { GraphEdits } from './graph-edits.ts'
import { rewriteLogits } from './last-position.ts'
import { type OnnxGraph, readingGraph, readOnnxGraph } from './onnx-graph.ts'
import { type CacheScales, quantiseCache } from './quantised-cache.ts'
import { checkServable } from './servable.ts'
import { checkTensorSizes } from './tensor-sizes.ts'

/** A file of weights beside the graph, by the name that the graph knows. */
export interface ExternalFile {
  readonly path: string
  readonly data: Uint8Array
}

export interface PreparedGraph {
  /** An ONNX file. */
  readonly graph: Uint8Array
  readonly externalFiles: readonly ExternalFile[]
  readonly signature: GraphSignature
  /** See attentionHeads. */
  readonly heads: number
}

export interface PrepareOptions {
  /** Only the kernels of the processor gain from it. */
  readonly movesAttentionScale: boolean
  /** Keeps the cache in int8 with these scales; absent: as the graph has it. */
  readonly cacheScales?: CacheScales | undefined
}

/**
 * Reads only the bytes that were hashed with the model.
 * @throws ConfigError MODEL_GRAPH_INVALID, those of checkServable, of readSignature and of quantiseCache
 */
export function prepareGraph(
  model: Pick<Model, 'files' | 'graphPath'>,
  options: PrepareOptions,
): PreparedGraph {
  const { file, externalFiles, graph } = readCheckedGraph(model, 'batched')
  const signature = readSignature(readGraphValues(file))
  const made = readingGraph(() => edited(graph, signature, options))
  return { ...made, externalFiles }
}

function edited(
  graph: OnnxGraph,
  signature: GraphSignature,
  { movesAttentionScale, cacheScales }: PrepareOptions,
): Omit<PreparedGraph, 'externalFiles'> {
  const edits = new GraphEdits(graph)
  setAccuracyLevels(graph, edits)
  if (movesAttentionScale) moveAttentionScale(graph, signature.cache, edits)
  const cache =
    cacheScales === undefined
      ? signature.cache
      : quantiseCache(graph, signature.cache, cacheScales, edits)
  const logits = { ...signature.logits, ...rewriteLogits(graph, signature.logits, edits) }
  const rewritten = edits.isEmpty ? graph.file : edits.apply()
  const heads = attentionHeads(graph)
  return { graph: rewritten, signature: { ...signature, cache, logits }, heads }
}

/**
 * A graph that names no weights but those that were hashed, and claims no more than there are.
 * @throws ConfigError MODEL_GRAPH_INVALID and those of checkServable
 */
export function readCheckedGraph(
  { files, graphPath }: Pick<Model, 'files' | 'graphPath'>,
  rows: 'batched' | 'alone',
) {
  const file = files.get(graphPath) ?? new Uint8Array()
  const externalFiles = [...files]
    .filter(([path]) => path.startsWith('onnx/') && path !== graphPath)
    .map(([path, data]) => ({ path: basename(path), data }))
  const sizes = new Map(externalFiles.map(({ path, data }) => [path, data.length]))
  checkExternalData(file, new Set(sizes.keys()))
  checkTensorSizes(file, sizes)
  const graph = readOnnxGraph(file)
  checkServable(graph, rows)
  return { file, externalFiles, graph }
}
