/** SIMULATED NRAS on 127.0.0.1: the real shape of answers, signed by a key of its own. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { NRAS_ISSUER } from '#node/evidence/nras-token.ts'
import { toHex, utf8 } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import { localService } from './collateral-service.ts'

const service = await generateKeyPair('ES384')
export type NrasSigningKey = typeof service.privateKey

export const NRAS_KEYS = {
  keys: [{ ...(await exportJWK(service.publicKey)), kid: 'one', alg: 'ES384' }],
}

export interface NrasChanges {
  readonly overall?: JWTPayload
  readonly device?: JWTPayload
  readonly issuer?: string
  readonly expiresMs?: number
  readonly key?: NrasSigningKey
  readonly token?: (token: string) => string
  readonly digest?: string
}

async function sign(claims: JWTPayload, nowMs: number, changes: NrasChanges): Promise<string> {
  const { issuer = NRAS_ISSUER, expiresMs = nowMs + 3_600_000, key = service.privateKey } = changes
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES384', kid: 'one' })
    .setIssuer(issuer)
    .setIssuedAt(Math.floor(nowMs / 1_000))
    .setExpirationTime(Math.floor(expiresMs / 1_000))
    .sign(key)
}

/** What the service answers to this nonce. */
export async function nrasAnswer(
  nonce: Uint8Array,
  nowMs: number,
  changes: NrasChanges = {},
): Promise<unknown> {
  const device = await sign(
    {
      eat_nonce: toHex(nonce),
      measres: 'success',
      secboot: true,
      dbgstat: 'disabled',
      hwmodel: 'GH100 A01 GSP BROM',
      'x-nvidia-gpu-driver-version': '550.90.07',
      'x-nvidia-gpu-vbios-version': '96.00.9F.00.01',
      ...changes.device,
    },
    nowMs,
    changes,
  )
  const digest = changes.digest ?? toHex(crypto.sha256(utf8(device)))
  const overall = await sign(
    {
      eat_nonce: toHex(nonce),
      'x-nvidia-overall-att-result': true,
      submods: { 'GPU-0': ['DIGEST', ['SHA-256', digest]] },
      ...changes.overall,
    },
    nowMs,
    changes,
  )
  const change = changes.token ?? ((token: string) => token)
  return [['JWT', change(overall)], { 'GPU-0': device }]
}

export interface NrasMood {
  /** Changes every answer from now on. */
  changes: NrasChanges
  /** Stops answering. */
  isSilent: boolean
  isDown: boolean
}

/** Listens until the test ends; `bodies` holds what it was asked, in order. */
export async function nrasService(nowMs: () => number) {
  const mood: NrasMood = { changes: {}, isSilent: false, isDown: false }
  const bodies: { nonce: string; arch: string; evidence_list: unknown[] }[] = []
  const { url, asked } = await localService((request, response) => {
    if (mood.isSilent) return
    if (mood.isDown) return void response.writeHead(503).end()
    if (request.url === '/.well-known/jwks.json')
      return void response.end(JSON.stringify(NRAS_KEYS))
    let text = ''
    request.on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      const body = JSON.parse(text)
      bodies.push(body)
      const nonce = Uint8Array.from(Buffer.from(body.nonce, 'hex'))
      void nrasAnswer(nonce, nowMs(), mood.changes).then((answer) =>
        response.end(JSON.stringify(answer)),
      )
    })
  })
  return { url, asked, bodies, mood }
}
