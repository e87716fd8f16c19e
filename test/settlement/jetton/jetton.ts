/** A jetton on the sandbox: master, wallets, freezing. The coins are the test's own. */
import { readFileSync } from 'node:fs'
import { type Address, beginCell, Cell, contractAddress } from '@ton/core'
import { runTolkCompiler } from '@ton/tolk-js'
import type { Party, SandboxBench } from '../sandbox-bench.ts'

const compiled = new Map<string, Promise<Cell>>()

function codeOf(name: string): Promise<Cell> {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const code = compile(name)
  compiled.set(name, code)
  return code
}

async function compile(name: string): Promise<Cell> {
  const result = await runTolkCompiler({
    entrypointFileName: name,
    fsReadCallback: (file) => readFileSync(new URL(file, import.meta.url), 'utf8'),
  })
  if (result.status === 'error') throw new Error(result.message)
  return Cell.fromBase64(result.codeBoc64)
}

export class Jetton {
  readonly #bench: SandboxBench
  readonly #owner: Party
  readonly master: Address

  private constructor(bench: SandboxBench, owner: Party, master: Address) {
    this.#bench = bench
    this.#owner = owner
    this.master = master
  }

  static async deploy(bench: SandboxBench, owner: Party): Promise<Jetton> {
    const data = beginCell()
      .storeCoins(0n)
      .storeAddress(owner.address)
      .storeRef(await codeOf('jetton-wallet.tolk'))
      .endCell()
    const init = { code: await codeOf('jetton-minter.tolk'), data }
    const master = contractAddress(0, init)
    const jetton = new Jetton(bench, owner, master)
    // The master is there from its first message on; it refuses the empty one.
    await owner.send({ to: master, value: 1_000_000_000n, init, bounce: false })
    return jetton
  }

  async mint(to: Address, amount: bigint): Promise<void> {
    await this.#order(
      beginCell().storeUint(0x4d494e54, 32).storeUint(0, 64).storeAddress(to).storeCoins(amount),
    )
  }

  async freeze(owner: Address, frozen: boolean): Promise<void> {
    await this.#order(
      beginCell().storeUint(0x46525a45, 32).storeUint(0, 64).storeAddress(owner).storeBit(frozen),
    )
  }

  async walletOf(owner: Address): Promise<Address> {
    const slice = beginCell().storeAddress(owner).endCell()
    const { stackReader } = await this.#bench.chain.runGetMethod(
      this.master,
      'get_wallet_address',
      [{ type: 'slice', cell: slice }],
    )
    return stackReader.readAddress()
  }

  async balanceOf(owner: Address): Promise<bigint> {
    const wallet = await this.walletOf(owner)
    if (!(await this.#bench.isDeployed(wallet))) return 0n
    const { stackReader } = await this.#bench.chain.runGetMethod(wallet, 'balance')
    return stackReader.readBigNumber()
  }

  async #order(body: ReturnType<typeof beginCell>): Promise<void> {
    await this.#owner.send({ to: this.master, value: 200_000_000n, body: body.endCell() })
  }
}
