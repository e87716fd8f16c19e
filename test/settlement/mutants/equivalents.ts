/** Mutants that no test can kill, each with the reason: equivalents.json. */
import equivalents from './equivalents.json' with { type: 'json' }

interface Listed {
  readonly why: string
  readonly mutants: readonly string[]
}

const listed: readonly Listed[] = equivalents

/** Why a mutant changes nothing that anybody could observe or lose by, by its id. */
export function listedEquivalents(): ReadonlyMap<string, string> {
  return new Map(listed.flatMap(({ why, mutants }) => mutants.map((id) => [id, why] as const)))
}
