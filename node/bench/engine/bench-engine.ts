/** `cocoon bench engine`: the engine beside llama.cpp and transformers.js, on the same made-up weights. */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import type { KvCache } from '#inference/onnx/cache/kv-cache.ts'
import type { Quantisation } from '#inference/synth/shapes.ts'
import { counted } from '#node/text.ts'
import { type BenchDocument, type BenchRow, benchDocument } from '../rows.ts'
import { BENCH_SHAPE, benchGguf, benchModel, stepWeightBytes } from './bench-models.ts'
import {
  bandwidthRow,
  batchingRow,
  cancelRow,
  contextRow,
  decodeRow,
  type Effort,
  FULL,
  prefillRow,
  QUICK,
  shareRow,
} from './engine-rows.ts'
import { TunedLlama } from './llama-setting.ts'
import { OurSubject } from './our-subject.ts'
import { type InstalledPeers, installPeers } from './peers/install-peers.ts'
import { PeerProcess } from './peers/peer-process.ts'
import { ReadBandwidth } from './read-bandwidth.ts'
import { outsideShares } from './time-outside.ts'
import { TunedOurs } from './tuned-ours.ts'

export interface EngineBenchOptions {
  readonly seed: number
  /** Where models and peers are kept from run to run. */
  readonly folder: string
  readonly quick: boolean
  readonly withPeers: boolean
  readonly say: (text: string) => void
}

const SLOTS = 8
const VOCABULARY = BENCH_SHAPE.vocabularySize

export async function benchEngine(options: EngineBenchOptions): Promise<BenchDocument> {
  const bench = new EngineBench(options)
  const rows = await bench.rows()
  return benchDocument('engine', options.seed, rows, bench.versions)
}

class EngineBench {
  readonly #options: EngineBenchOptions
  readonly #effort: Effort
  readonly #threads = Math.min(2, availableParallelism())
  readonly #modelsFolder: string
  #versions: Record<string, string> = {}

  constructor(options: EngineBenchOptions) {
    this.#options = options
    this.#effort = options.quick ? QUICK : FULL
    this.#modelsFolder = path.join(options.folder, 'models')
  }

  get versions(): Readonly<Record<string, string>> {
    return this.#versions
  }

  async rows(): Promise<BenchRow[]> {
    const { withPeers, say, folder } = this.#options
    let peers: InstalledPeers | undefined
    if (withPeers) {
      say('Installing the peers, once …')
      peers = await installPeers(path.join(folder, 'peers'))
      Object.assign(this.#versions, peers.versions)
    }
    return [...(await this.#q4Rows(peers)), ...(await this.#q8Rows()), ...(await this.#fp32Rows())]
  }

  async #q4Rows(peers: InstalledPeers | undefined): Promise<BenchRow[]> {
    const { say } = this.#options
    const effort = this.#effort
    const folder = await this.#model('q4')
    const rows: BenchRow[] = []
    {
      await using ours = await this.#ours(folder)
      this.#versions['engine'] = ours.name
      if (peers !== undefined) {
        await using single = await this.#ours(folder, 1)
        rows.push(...(await this.#llamaRows(new TunedOurs([ours, single]), peers)))
        rows.push(await this.#transformersRow(ours, peers, folder))
      }
      say('Long contexts and cancelling …')
      rows.push(await this.#contextRow(ours, 'float32'))
      rows.push(await cancelRow('decode', ours, effort), await cancelRow('prefill', ours, effort))
    }
    {
      await using ours = await this.#ours(folder, this.#threads, 'int8')
      rows.push(await this.#contextRow(ours, 'int8'))
    }
    say('Time outside of ONNX Runtime …')
    rows.push(...(await this.#outsideRows(folder)))
    return rows
  }

  async #llamaRows(ours: TunedOurs, peers: InstalledPeers): Promise<BenchRow[]> {
    const { say, seed } = this.#options
    const effort = this.#effort
    const gguf = await benchGguf(this.#modelsFolder, seed)
    await using llama = await TunedLlama.start(peers.llama, gguf, VOCABULARY)
    const rows: BenchRow[] = []
    for (const [streams, ratioMin] of [
      [1, 1.4],
      [SLOTS, 2],
    ] as const) {
      const figure = `decode, q4, ${counted(streams, 'stream')}`
      say(`${figure}: the best setting of node-llama-cpp, then both in turns …`)
      await llama.tuneDecode(streams, this.#threads)
      await ours.tuneDecode(streams)
      const against = `node-llama-cpp q4_0, ${llama.setting}; ours ${ours.setting}`
      const reach = { figure, against, ratioMin, unit: 'tok/s' }
      rows.push(await decodeRow(reach, streams, ours, llama, effort))
    }
    say('Reading prompts …')
    await llama.tunePrefill(this.#threads)
    await ours.tunePrefill()
    const prefill = {
      figure: 'prefill of 512 tokens, q4',
      against: `node-llama-cpp q4_0, ${llama.setting}; ours ${ours.setting}`,
      ratioMin: 0.85,
      unit: 'tok/s',
    }
    rows.push(await prefillRow(prefill, ours, llama, effort))
    return rows
  }

  async #transformersRow(ours: OurSubject, peers: InstalledPeers, folder: string) {
    this.#options.say('Decoding beside transformers.js …')
    const args = [peers.transformers, folder, String(this.#threads), String(VOCABULARY)]
    await using transformers = await PeerProcess.start('transformers-process.ts', args)
    const reach = {
      figure: `decode, q4, ${SLOTS} streams`,
      against: 'transformers.js on the same folder, static batch',
      ratioMin: 1.5,
      unit: 'tok/s',
    }
    // Awaited here: what is only returned goes on when the process has been ended.
    return await decodeRow(reach, SLOTS, ours, transformers, this.#effort)
  }

  #contextRow(ours: OurSubject, cache: string): Promise<BenchRow> {
    const figure = `step at context 900, q4, 1 stream, ${cache} cache`
    const reach = { figure, against: 'at context 128', ratioMax: 1.3, unit: 'ms' }
    return contextRow(reach, ours, this.#effort)
  }

  async #outsideRows(folder: string): Promise<BenchRow[]> {
    const scratchFolder = await mkdtemp(path.join(tmpdir(), 'cocoon-bench-'))
    try {
      const shares = (temperature: number, topP: number) =>
        outsideShares({
          folder,
          threads: this.#threads,
          streams: SLOTS,
          tokens: 2 * this.#effort.tokens,
          sampling: { temperature, topP, seed: 1n },
          vocabularySize: VOCABULARY,
          scratchFolder,
        })
      const figure = 'time outside ONNX Runtime per step, q4, 8 streams'
      const against = 'the whole step'
      const reach = { against, ratioMax: 0.08, unit: '%' }
      return [
        shareRow({ ...reach, figure: `${figure}, greedy` }, await shares(0, 1)),
        shareRow(
          { ...reach, figure: `${figure}, temperature 0.8, top_p 0.95` },
          await shares(0.8, 0.95),
        ),
      ]
    } finally {
      await rm(scratchFolder, { recursive: true, force: true })
    }
  }

  async #q8Rows(): Promise<BenchRow[]> {
    this.#options.say('q8 …')
    await using ours = await this.#ours(await this.#model('q8'))
    const figure = 'decode, q8, 8 streams'
    const reach = { figure, against: 'ours, 1 stream', ratioMin: 3.5, unit: 'tok/s' }
    return [await batchingRow(reach, ours, this.#effort)]
  }

  async #fp32Rows(): Promise<BenchRow[]> {
    this.#options.say('fp32 …')
    await using ours = await this.#ours(await this.#model('fp32'))
    await using bandwidth = new ReadBandwidth(this.#threads)
    const figure = 'decode, fp32, 1 stream: weights read'
    const against = `memory read by ${this.#threads} threads with memchr`
    const reach = { figure, against, ratioMin: 0.75, unit: 'GB/s' }
    const bytes = stepWeightBytes(BENCH_SHAPE)
    return [await bandwidthRow(reach, ours, bytes, bandwidth, this.#effort)]
  }

  #ours(folder: string, threads = this.#threads, kvCache?: KvCache): Promise<OurSubject> {
    return OurSubject.open({ folder, threads, slotsTotal: SLOTS, kvCache })
  }

  #model(quantisation: Quantisation): Promise<string> {
    this.#options.say(`Making the ${quantisation} model, once …`)
    return benchModel(this.#modelsFolder, quantisation, this.#options.seed)
  }
}
