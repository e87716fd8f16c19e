/**
 * A small network in this process: the real roles on SIMULATED parts where hardware, sockets or a model
 * would be (transport in memory, TEE and engine simulated), with real settlement on an embedded chain
 * over HTTP. Peers keep their data folders, so they can crash and start again.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readModel } from '#inference/model/read-model.ts'
import { onnxRuntimeDigest } from '#inference/onnx/runtime.ts'
import { peerIdOf } from '#node/network/peer-ids.ts'
import type { NetworkFile } from '#node/testnet/network-file.ts'
import { networkTrust } from '#node/trust.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { Ed25519KeyPair } from '#protocol/crypto/port.ts'
import type { PeerRef, Transport } from '#protocol/transport.ts'
import type { ChainAccess } from '#settlement/chain/access.ts'
import { tonClientReader } from '#settlement/chain/ton-client-reader.ts'
import { type Devchain, startDevchain } from '#settlement/devchain/server.ts'
import type { ChainReader, Wallet } from '#settlement/types.ts'
import { seedSigner } from '#settlement/wallet/signer.ts'
import { openWallet } from '#settlement/wallet/wallet.ts'
import { ChainGate } from './fault-chain.ts'
import { MovableClock } from './market-peers.ts'
import { createMemoryNetwork } from './memory-transport.ts'
import { simulatedModelFiles } from './simulated-engine.ts'

export const ROLE_MODEL_ID = 'simulated'
const GLOBAL_ID = -3
const CLOSE_DELAY_S = 600
const FAUCET_NANO = 50_000_000_000n

export interface RoleNetwork {
  readonly clock: MovableClock
  readonly devchain: Devchain
  readonly chain: ChainReader
  readonly file: NetworkFile
  readonly modelRoot: Uint8Array
  /** Of the simulated model; undefined: one that does not know tools. */
  readonly chatTemplate?: string | undefined
  /** In memory, or hosts on loopback: whatever a peer joins. */
  readonly memory: { join(self: PeerRef): Transport | Promise<Transport> }
  /** The way of every peer to the chain. */
  readonly gate: ChainGate
  /** A wallet that the faucet filled. */
  wallet(name: string): Promise<Wallet>
  /** A new empty folder, removed with the network. */
  folder(): string
  /** Moves the time of peers and chain. */
  advance(seconds: number): void
  stop(): Promise<void>
}

export async function startRoleNetwork(chatTemplate?: string): Promise<RoleNetwork> {
  const clock = new MovableClock()
  const devchain = await startDevchain({ port: 0, clock, globalId: GLOBAL_ID })
  const root = mkdtempSync(path.join(tmpdir(), 'cocoon-roles-'))
  const modelFolder = path.join(root, 'model')
  writeModel(modelFolder, chatTemplate)
  const { root: modelRoot } = await readModel(modelFolder, crypto)
  const gate = new ChainGate()
  const access: ChainAccess = {
    endpoint: devchain.url,
    globalId: GLOBAL_ID,
    fetch: gate.fetch,
    timeoutSignal: AbortSignal.timeout,
  }
  const wallets = new Map<string, Wallet>()
  let folders = 0
  return {
    clock,
    devchain,
    chain: tonClientReader(access),
    file: {
      format: 'cocoon-network/1',
      name: 'roles',
      globalId: GLOBAL_ID,
      chainUrl: devchain.url,
      bootstrap: [],
      models: [{ id: ROLE_MODEL_ID, root: toHex(modelRoot), folder: modelFolder }],
      simulatedManufacturerSeed: toHex(crypto.sha256(new Uint8Array([7]))),
      closeDelay: CLOSE_DELAY_S,
    },
    modelRoot,
    chatTemplate,
    memory: createMemoryNetwork(),
    gate,
    async wallet(name) {
      const known = wallets.get(name)
      if (known !== undefined) return known
      const signer = seedSigner(crypto, keyOf(`wallet ${name}`).seed)
      const wallet = openWallet({ access, crypto, clock, signer, sleep: async () => nextTurn() })
      await callDevchain(devchain, 'dev_faucet', {
        address: wallet.address.toString(),
        nano: `${FAUCET_NANO}`,
      })
      wallets.set(name, wallet)
      return wallet
    },
    folder() {
      folders++
      return path.join(root, `peer-${folders}`)
    },
    advance(seconds) {
      clock.aheadMs += seconds * 1000
    },
    async stop() {
      await devchain.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** The key pair of a name, always the same. */
export function keyOf(name: string): Ed25519KeyPair {
  return crypto.ed25519FromSeed(crypto.sha256(new TextEncoder().encode(name)))
}

export function peerRefOf(name: string) {
  const identityKey = keyOf(`identity ${name}`).publicKey
  return { peerId: peerIdOf(identityKey), identityKey }
}

/** Trust of this network; `other` gives a manufacturer that nobody here trusts. */
export function trustOf(network: RoleNetwork, other = false) {
  const file = other
    ? { ...network.file, simulatedManufacturerSeed: toHex(crypto.sha256(new Uint8Array([8]))) }
    : network.file
  const trust = networkTrust(file, crypto, network.clock.nowMs())
  const { manufacturer } = trust
  if (manufacturer === undefined) throw new Error('a simulated network has a manufacturer')
  return { ...trust, manufacturer, runtimeDigest: onnxRuntimeDigest(crypto) }
}

async function callDevchain(devchain: Devchain, method: string, params: unknown): Promise<void> {
  const body = JSON.stringify({ id: 1, jsonrpc: '2.0', method, params })
  const response = await fetch(devchain.url, { method: 'POST', body })
  const answer = (await response.json()) as { ok: boolean; error?: string }
  if (!answer.ok) throw new Error(answer.error)
}

/** The tokenizer's files, and a graph that nothing here ever runs. */
function writeModel(folder: string, chatTemplate: string | undefined): void {
  mkdirSync(path.join(folder, 'onnx'), { recursive: true })
  const files = simulatedModelFiles(undefined, chatTemplate)
  for (const [name, bytes] of files) writeFileSync(path.join(folder, name), bytes)
  writeFileSync(path.join(folder, 'onnx', 'model.onnx'), 'SIMULATED: not a graph')
}
