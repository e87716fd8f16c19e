/** What the crypto contract needs of Node's Buffer in a page: above all that its `slice` is a view. */
class BufferInPage extends Uint8Array {
  static alloc(length: number, fill = 0): BufferInPage {
    return new BufferInPage(length).fill(fill)
  }

  static override from(source: Iterable<number> | ArrayLike<number> | string): BufferInPage {
    const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source
    return new BufferInPage(Array.from(bytes as ArrayLike<number>))
  }

  override slice(from?: number, to?: number): Uint8Array<ArrayBuffer> {
    return this.subarray(from, to) as Uint8Array<ArrayBuffer>
  }
}

export { BufferInPage as Buffer }
