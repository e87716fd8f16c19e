/**
 * Intel's root of trust for SGX and TDX, compiled in: "Intel SGX Root CA", valid until 2049, published at
 * certificates.trustedservices.intel.com/IntelSGXRootCA.der and sent in every PCS issuer chain.
 */
import type { TrustAnchor } from '#attestation/types.ts'
import { fromBase64 } from '#protocol/base64.ts'
import { toHex } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import { AttestationError } from '#protocol/errors.ts'

const ROOT_DER_BASE64 = [
  'MIICjzCCAjSgAwIBAgIUImUM1lqdNInzg7SVUr9QGzknBqwwCgYIKoZIzj0EAwIwaDEaMBgGA1UE',
  'AwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUludGVsIENvcnBvcmF0aW9uMRQwEgYDVQQH',
  'DAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJBgNVBAYTAlVTMB4XDTE4MDUyMTEwNDUxMFoX',
  'DTQ5MTIzMTIzNTk1OVowaDEaMBgGA1UEAwwRSW50ZWwgU0dYIFJvb3QgQ0ExGjAYBgNVBAoMEUlu',
  'dGVsIENvcnBvcmF0aW9uMRQwEgYDVQQHDAtTYW50YSBDbGFyYTELMAkGA1UECAwCQ0ExCzAJBgNV',
  'BAYTAlVTMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEC6nEwMDIYZOj/iPWsCzaEKi71OiOSLRF',
  'hWGjbnBVJfVnkY4u3IjkDYYL0MxO4mqsyYjlBalTVYxFP2sJBK5zlKOBuzCBuDAfBgNVHSMEGDAW',
  'gBQiZQzWWp00ifODtJVSv1AbOScGrDBSBgNVHR8ESzBJMEegRaBDhkFodHRwczovL2NlcnRpZmlj',
  'YXRlcy50cnVzdGVkc2VydmljZXMuaW50ZWwuY29tL0ludGVsU0dYUm9vdENBLmRlcjAdBgNVHQ4E',
  'FgQUImUM1lqdNInzg7SVUr9QGzknBqwwDgYDVR0PAQH/BAQDAgEGMBIGA1UdEwEB/wQIMAYBAf8C',
  'AQEwCgYIKoZIzj0EAwIDSQAwRgIhAOW/5QkR+S9CiSDcNoowLuPRLsWGf/Yi7GSX94BgwTwgAiEA',
  '4J0lrHoMs+Xo5o/sX6O9QWxHRAvZUGOdRQ7cvqRXaqI=',
].join('')

/** SHA-256 of the DER: the only root that may ever be called `production`. */
export const INTEL_ROOT_SHA256 = '44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'

export const INTEL_ANCHOR_ID = 'intel-sgx-root'

/**
 * @throws AttestationError ANCHOR_CORRUPT when the compiled-in certificate is not the pinned one
 */
export function intelAnchor(crypto: CryptoPort): TrustAnchor {
  const rootCertificate = fromBase64(ROOT_DER_BASE64)
  if (toHex(crypto.sha256(rootCertificate)) !== INTEL_ROOT_SHA256) {
    throw new AttestationError('ANCHOR_CORRUPT', "the compiled-in Intel root is not Intel's", {
      remedy: 'Install this program again from a source you trust.',
    })
  }
  return { id: INTEL_ANCHOR_ID, kind: 'tdx-dcap', environment: 'production', rootCertificate }
}
