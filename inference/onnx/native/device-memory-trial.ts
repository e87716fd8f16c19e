/** A few bytes that go to a device, move there and come back: what caches on a device rest on. */
import { DeviceCopy } from './device-copy.ts'
import type { DeviceMemoryName } from './device-memory.ts'
import type { OrtApi } from './ort-api.ts'
import { ELEMENT } from './ort-enums.ts'
import type { SessionProvider } from './session.ts'

const SENT = Uint8Array.of(1, 2, 3, 5, 8, 13, 21, 34)
const PLACES = 2

/** @throws Error with the library's or the driver's words when any step fails; what the provider throws */
export function tryDeviceMemory(
  api: OrtApi,
  name: DeviceMemoryName,
  provider: SessionProvider | undefined,
): void {
  const copy = new DeviceCopy(api, provider, 1)
  try {
    const received = sendThere(copy, name)
    if (SENT.every((value, at) => received[at] === value)) return
    throw new Error('its memory gives back something else')
  } finally {
    copy.release()
  }
}

/** To one place of the memory, from there to another, and back. */
function sendThere(copy: DeviceCopy, name: DeviceMemoryName): Uint8Array {
  const { length } = SENT
  const memory = copy.deviceMemory(name, PLACES * length)
  const received = new Uint8Array(new ArrayBuffer(length))
  const places = [0, length].map((start) => memory.tensor(start, length, [length], ELEMENT.uint8))
  const path = [copy.bytes(outsideOfHeap(SENT)), ...places, copy.bytes(received)]
  for (const [at, from] of path.slice(0, -1).entries()) {
    copy.copy([from], path.slice(at + 1, at + 2))
  }
  for (const each of path) each.release()
  memory.release()
  return received
}

/** Small arrays lie on the heap and move. */
function outsideOfHeap(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
