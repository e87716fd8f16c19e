/** Wall clock in Unix milliseconds. Only node/ reads the machine's clock; rules receive this. */
export interface Clock {
  nowMs(): number
}
