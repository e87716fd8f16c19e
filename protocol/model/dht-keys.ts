/** Where peers that hand out models announce themselves (docs/spec/models.md, "Finding sources"). */
import { tagged, utf8 } from '../bytes.ts'
import type { CryptoPort } from '../crypto/port.ts'

/** 32-byte DHT key of the peers that hand out the files of a model. */
export function modelFilesKey(crypto: CryptoPort, modelRoot: Uint8Array): Uint8Array {
  return crypto.sha256(tagged('cocoon/dht/model-files/1', modelRoot))
}

/** 32-byte DHT key of the peers that hold a publisher's word on a name. */
export function modelNameKey(crypto: CryptoPort, publisher: Uint8Array, name: string): Uint8Array {
  return crypto.sha256(tagged('cocoon/dht/model-name/1', publisher, utf8(name)))
}
