/** SIMULATED PCS and PCCS on 127.0.0.1, made of a simulated manufacturer's collateral; it can misbehave. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { encodePemChain } from '#attestation/der/pem.ts'
import { decodeCollateral } from '#attestation/verify/collateral.ts'
import type { PcsService } from '#node/collateral/pcs.ts'
import { fromUtf8, toHex } from '#protocol/bytes.ts'

export interface LocalService {
  readonly url: string
  /** Paths and queries in the order in which they were asked for. */
  readonly asked: readonly string[]
}

/** Listens until the test ends. */
export async function localService(listener: RequestListener): Promise<LocalService> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const header = (chain: readonly Uint8Array[]): string =>
  encodeURIComponent(fromUtf8(encodePemChain(chain)).replace(/\0$/, ''))

/** Answers as PCS does; lists in hexadecimal, as a PCCS sends them, when asked to. */
export function answerPcs(
  collateral: Uint8Array,
  options: {
    readonly hexLists?: boolean
    readonly spoil?: (path: string, response: ServerResponse) => boolean
  } = {},
): RequestListener {
  const parts = decodeCollateral(collateral)
  const list = (der: Uint8Array): string | Uint8Array => (options.hexLists ? toHex(der) : der)
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (options.spoil?.(path, response)) return
    if (path === '/tdx/certification/v4/tcb') {
      response.setHeader('TCB-Info-Issuer-Chain', header(parts.tcbInfoChain))
      response.end(
        `{"tcbInfo":${fromUtf8(parts.tcbInfo)},"signature":"${toHex(parts.tcbInfoSignature)}"}`,
      )
    } else if (path === '/tdx/certification/v4/qe/identity') {
      response.setHeader('SGX-Enclave-Identity-Issuer-Chain', header(parts.qeIdentityChain))
      response.end(
        `{"enclaveIdentity":${fromUtf8(parts.qeIdentity)},"signature":"${toHex(parts.qeIdentitySignature)}"}`,
      )
    } else if (path === '/sgx/certification/v4/pckcrl') response.end(list(parts.pckCrl))
    else if (path === '/sgx/certification/v4/rootcacrl') response.end(list(parts.rootCrl))
    else response.writeHead(404).end()
  }
}

export function pcsAt(url: string): PcsService {
  return { baseUrl: url, rootCrlUrl: `${url}/sgx/certification/v4/rootcacrl` }
}
