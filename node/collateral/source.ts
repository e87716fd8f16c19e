/** Where collateral comes from. No source is trusted: what it gives is checked before it is kept. */
export interface CollateralSource<Need> {
  /** For messages: a host name, or `peers`. */
  readonly name: string
  /**
   * Exact bytes of a collateral message.
   * @param check throws for bytes that are not good: for sources that have more than one to offer.
   * Whoever asked checks what it gets in any case
   * @throws CocoonError when there is none
   */
  fetch(need: Need, check: (bytes: Uint8Array) => void): Promise<Uint8Array>
}
