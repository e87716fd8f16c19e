/** Where a provider listens, what is private, and the word about simulated networks beyond loopback. */
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exposureWarning } from '#node/cli/peer-run.ts'
import { readConfiguration } from '#node/config/read.ts'
import { keepListenPort, keptListenAddress } from '#node/network/kept-port.ts'
import { isLoopbackAddress, isPrivateAddress } from '#node/network/loopback.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('the address of the last time', () => {
  it('is taken again while its port is free, on the address that is asked for', async () => {
    const folder = temporaryFolder()
    expect(await keptListenAddress(folder, '127.0.0.1')).toBe('/ip4/127.0.0.1/tcp/0')
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void squatter.close())
    const { port } = squatter.address() as { port: number }
    keepListenPort(folder, [`/ip4/127.0.0.1/tcp/${port}/p2p/12D3`])
    expect(await keptListenAddress(folder, '127.0.0.1')).toBe('/ip4/127.0.0.1/tcp/0')
    await new Promise((resolve) => squatter.close(resolve))
    expect(await keptListenAddress(folder, '127.0.0.1')).toBe(`/ip4/127.0.0.1/tcp/${port}`)
  })
})

describe('addresses', () => {
  it.each([
    ['/ip4/127.0.0.1/tcp/1', true, true],
    ['/ip6/::1/tcp/1', true, true],
    ['/memory/1', true, true],
    ['/ip4/10.1.2.3/tcp/1', false, true],
    ['/ip4/172.31.0.1/tcp/1', false, true],
    ['/ip4/172.32.0.1/tcp/1', false, false],
    ['/ip4/192.168.0.1/tcp/1', false, true],
    ['/ip4/192.169.0.1/tcp/1', false, false],
    ['/ip6/fd00::1/tcp/1', false, true],
    ['/ip6/2001:db8::1/tcp/1', false, false],
    ['/ip4/0.0.0.0/tcp/1', false, false],
    ['/dns4/example.org/tcp/1', false, false],
  ])('%s: loopback %s, private %s', (address, loopback, priv) => {
    expect(isLoopbackAddress(address)).toBe(loopback)
    expect(isPrivateAddress(address)).toBe(priv)
  })

  it('may be several, from the environment too', () => {
    const COCOON_LISTEN = '/ip4/0.0.0.0/tcp/4001, /ip6/::/tcp/4001'
    const { settings } = readConfiguration({ COCOON_DATA: temporaryFolder(), COCOON_LISTEN }, '/')
    expect(settings.listen).toEqual(['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001'])
  })
})

it('a simulated network beyond loopback is warned of, by name and address; nothing else is', () => {
  const network = {
    format: 'cocoon-network/1' as const,
    name: 'try-out',
    globalId: -3,
    chainUrl: 'http://127.0.0.1:1',
    bootstrap: [],
    models: [],
    closeDelay: 60,
  }
  const simulated = { network: { ...network, simulatedManufacturerSeed: '00'.repeat(32) } }
  const said = exposureWarning(simulated, ['/ip4/127.0.0.1/tcp/1', '/ip4/10.0.0.7/tcp/1'])
  expect(said).toContain('try-out is simulated')
  expect(said).toContain('/ip4/10.0.0.7/tcp/1')
  expect(exposureWarning(simulated, ['/ip4/127.0.0.1/tcp/1'])).toBeUndefined()
  expect(exposureWarning({ network }, ['/ip4/10.0.0.7/tcp/1'])).toBeUndefined()
})
