/** Clients that begin a session and mean nothing by it. */
import { SESSIONS_PER_PEER_MAX } from '#node/roles/constants.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { decodeSessionMessage, encodeSessionMessage } from '#protocol/session/frames.ts'
import { PROTOCOL_VERSIONS } from '#protocol/session/transcript.ts'
import type { MessageStream } from '#protocol/transport.ts'
import { Attacker } from './role-attacker.ts'
import type { RoleNetwork } from './role-harness.ts'

export const FIRST_CONTACT = {
  /** So many of one peer fill a provider for that peer. */
  sessions: SESSIONS_PER_PEER_MAX,
  dial: Attacker.dial,
  /** @throws Error when the provider does not answer with its evidence */
  async hello(stream: MessageStream, network: RoleNetwork): Promise<void> {
    const hello = {
      versions: PROTOCOL_VERSIONS,
      clientNonce: crypto.randomBytes(32),
      modelRoot: network.modelRoot,
      mode: 'challenge' as const,
    }
    await stream.send(encodeSessionMessage({ kind: 'client-hello', hello }))
    const bytes = await stream.receive()
    const answer = bytes === undefined ? undefined : decodeSessionMessage(bytes)
    if (answer?.kind !== 'provider-hello') throw new Error(`${answer?.kind} instead of evidence`)
  },
} as const
