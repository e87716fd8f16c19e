/** Digests of a launch: over what it means, not over how its JSON is written. */
import { fromHex, tagged, utf8 } from '#protocol/bytes.ts'
import type { CryptoPort } from '#protocol/crypto/port.ts'
import type { LaunchDescription } from './description.ts'

/** 32 bytes; docs/spec/attestation.md, "Launched servers". */
export function launchDigest(
  crypto: Pick<CryptoPort, 'sha256'>,
  description: LaunchDescription,
): Uint8Array {
  const { executable, environment, files, model, dialect, servedModel } = description
  const hashed = files.map(({ path, sha256 }) => [path, sha256] as const)
  return crypto.sha256(
    tagged(
      'cocoon/launch/1',
      ...[utf8(executable.path), fromHex(executable.sha256)],
      list(description.arguments.map(utf8)),
      list(sorted(Object.entries(environment)).flatMap((pair) => pair.map(utf8))),
      list(sorted(hashed).flatMap(([path, sha256]) => [utf8(path), fromHex(sha256)])),
      fromHex(model.root),
      list(
        sorted(Object.entries(model.files)).flatMap(([path, sha256]) => [
          utf8(path),
          fromHex(sha256),
        ]),
      ),
      ...[utf8(dialect), utf8(servedModel)],
      new Uint8Array([description.listensElsewhere ? 1 : 0]),
    ),
  )
}

/**
 * The runtime digest of an engine behind a launched server: known before anything runs, so that a policy can
 * list it. Another one than that of any engine of this program, and of any server that somebody else started.
 */
export function launchedRuntimeDigest(
  crypto: Pick<CryptoPort, 'sha256'>,
  launch: Uint8Array,
): Uint8Array {
  return crypto.sha256(tagged('cocoon/launched-runtime/1', launch))
}

function list(fields: readonly Uint8Array[]): Uint8Array {
  return tagged('cocoon/launch-list/1', ...fields)
}

/** By the bytes of the first. */
function sorted<Pair extends readonly [string, string]>(pairs: readonly Pair[]): Pair[] {
  return [...pairs].sort(([a], [b]) => Buffer.compare(utf8(a), utf8(b)))
}
