/** What commander hands to the commands that run peers, after parsing. */

export interface PeerCommandOptions {
  readonly network?: string
  readonly data?: string
  readonly name?: string
  readonly json?: boolean
}

export interface UpOptions extends PeerCommandOptions {
  readonly model?: string
  readonly modelFolder?: string
  readonly price?: bigint
  readonly slots: number
}

export interface ClientCommandOptions extends PeerCommandOptions {
  readonly apiPort?: number
  readonly deposit?: bigint
  readonly priceCap?: bigint
}

export interface TestnetCommandOptions {
  readonly providers: number
  readonly clients: number
  readonly seed?: string
  readonly once?: boolean
  readonly json?: boolean
  readonly apiPort?: number
  readonly data?: string
  readonly restart?: boolean
  readonly question?: string
}
