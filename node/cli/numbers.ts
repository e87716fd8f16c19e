/** Numbers on the command line. */
import { InvalidArgumentError } from 'commander'
import { nanoOfCoins } from '#node/text.ts'

const COUNT_MAX = 2 ** 31 - 1

export function parseCount(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= COUNT_MAX) return value
  throw new InvalidArgumentError('It must be a whole number, 0 or more.')
}

/** From `min` to `max`, both allowed. */
export function parseCountIn(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = parseCount(text)
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be from ${min} to ${max}.`)
  }
}

export function parseTemperature(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 2) return value
  throw new InvalidArgumentError('It must be a number from 0 to 2.')
}

/** "0.05" coins as nano units, exactly. */
export function parseCoins(text: string): bigint {
  const nano = nanoOfCoins(text)
  if (nano !== undefined) return nano
  throw new InvalidArgumentError('It must be an amount such as 0.05.')
}
