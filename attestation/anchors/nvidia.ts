/**
 * NVIDIA's root of trust for the identity of its devices, compiled in: "NVIDIA Device Identity CA", published
 * at docs.ndis.nvidia.com/certs/identity-root.
 */
import type { TrustAnchor } from '#attestation/types.ts'
import { fromBase64 } from '#protocol/base64.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'

const ROOT_DER_BASE64 = [
  'MIICCzCCAZCgAwIBAgIQLTZwscoQBBHB/sDoKgZbVDAKBggqhkjOPQQDAzA1MSIwIAYDVQQDDBlOVklESUEgRGV2',
  'aWNlIElkZW50aXR5IENBMQ8wDQYDVQQKDAZOVklESUEwIBcNMjExMTA1MDAwMDAwWhgPOTk5OTEyMzEyMzU5NTla',
  'MDUxIjAgBgNVBAMMGU5WSURJQSBEZXZpY2UgSWRlbnRpdHkgQ0ExDzANBgNVBAoMBk5WSURJQTB2MBAGByqGSM49',
  'AgEGBSuBBAAiA2IABA5MFKM7+KViZljbQSlgfky/RRnEQScW9NDZF8SXgAW96r6u/Ve8ZggtcYpPi2BS4VFu6KfE',
  'IrhN6FcHG7WP05W+oM+hxj7nyA1r1jkB2Ry70YfThX3Ba1zOryOP+MJ9vaNjMGEwDwYDVR0TAQH/BAUwAwEB/zAO',
  'BgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFFeF/4PyY8xlfWi3Olv0jUrL+0lfMB8GA1UdIwQYMBaAFFeF/4PyY8xl',
  'fWi3Olv0jUrL+0lfMAoGCCqGSM49BAMDA2kAMGYCMQCPeFM3TASsKQVaT+8S0sO9u97PVGCpE9d/I42IT7k3UUOL',
  'SR/qvJynVOD1vQKVXf0CMQC+EY55WYoDBvs2wPAH1Gw4LbcwUN8QCff8bFmV4ZxjCRr4WXTLFHBKjbfneGSBWwA=',
].join('')

/** SHA-256 of the DER: the only root of NVIDIA's that may ever be called `production`. */
export const NVIDIA_ROOT_SHA256 = '102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48'

export const NVIDIA_ANCHOR_ID = 'nvidia-device-identity'

/**
 * @throws AttestationError ANCHOR_CORRUPT when the compiled-in certificate is not the pinned one
 */
export function nvidiaAnchor(crypto: CryptoPort): TrustAnchor {
  const rootCertificate = fromBase64(ROOT_DER_BASE64)
  if (toHex(crypto.sha256(rootCertificate)) !== NVIDIA_ROOT_SHA256) {
    throw new AttestationError('ANCHOR_CORRUPT', "the compiled-in NVIDIA root is not NVIDIA's", {
      remedy: 'Install this program again from a source you trust.',
    })
  }
  const kind = 'nvidia-device-identity'
  return { id: NVIDIA_ANCHOR_ID, kind, environment: 'production', rootCertificate }
}
