/** `cocoon policy show|check|diff`: what evidence is accepted here, and what a policy file would change. */
import type { Command } from 'commander'
import { type DiffEffect, diffPolicies, type PolicyDifference } from '#attestation/policy/diff.ts'
import { mergePolicies } from '#attestation/policy/merge.ts'
import { type AttestationPolicy, policyDigest } from '#attestation/policy/policy.ts'
import { type PolicyRemark, remarksOn } from '#attestation/policy/remarks.ts'
import { table } from '#node/text.ts'
import { toHex } from '#protocol/bytes.ts'
import { nodeCrypto as crypto } from '#protocol/crypto/node.ts'
import type { CliContext } from '../context.ts'
import { PRODUCTION, policyByName, readPolicyFile } from '../policy-file.ts'

interface PolicyOptions {
  readonly json?: boolean
}

interface ShowOptions extends PolicyOptions {
  readonly own?: string
}

export function policyCommand(program: Command, context: CliContext): void {
  const policy = program
    .command('policy')
    .description('which evidence is accepted: the attestation policy')
  policy
    .command('show')
    .description(
      'a policy document: the built-in one, a file, or what comes of a network and yours',
    )
    .argument('[policy]', '`production`, a policy file or a network file', PRODUCTION)
    .option('--own <file>', 'your own policy: shows what is left of both')
    .option('--json', 'one JSON document to stdout')
    .action((name: string, options: ShowOptions) => show(name, options, context))
  policy
    .command('check')
    .description('whether a policy file is valid, what makes it useless and what it lets in')
    .argument('<file>')
    .option('--json', 'one JSON document to stdout')
    .action((file: string, options: PolicyOptions) => check(file, options, context))
  policy
    .command('diff')
    .description('what changes from A to B, and whether each change is stricter')
    .argument('<a>', '`production`, a policy file or a network file')
    .argument('<b>')
    .option('--json', 'one JSON document to stdout')
    .action((from: string, to: string, options: PolicyOptions) => diff(from, to, options, context))
}

const digestOf = (policy: AttestationPolicy): string => toHex(policyDigest(crypto, policy))

function show(name: string, { own, json }: ShowOptions, { output }: CliContext): void {
  const named = policyByName(name)
  const policy = own === undefined ? named : mergePolicies(crypto, named, readPolicyFile(own))
  if (json === true) output.json({ digest: digestOf(policy), policy })
  else {
    output.result(JSON.stringify(policy, null, 2))
    output.talk(`digest ${digestOf(policy)}`)
  }
}

function check(file: string, { json }: PolicyOptions, { output }: CliContext): void {
  const policy = readPolicyFile(file)
  const remarks = remarksOn(policy)
  const digest = digestOf(policy)
  if (json === true) output.json({ ok: true, name: policy.name, digest, remarks })
  else {
    output.result(`valid: ${policy.name}, digest ${digest}`)
    if (remarks.length > 0) output.result(remarkTable(remarks))
  }
}

function remarkTable(remarks: readonly PolicyRemark[]): string {
  return table(remarks, [
    { title: 'FIELD', cell: ({ field }) => field },
    { title: 'KIND', cell: ({ kind }) => kind },
    { title: 'REMARK', cell: ({ text }) => text },
  ])
}

const VALUE_CHARACTERS_MAX = 40

function shortened(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= VALUE_CHARACTERS_MAX ? text : `${text.slice(0, VALUE_CHARACTERS_MAX - 1)}…`
}

/** Of all changes together. */
function overall(effects: readonly DiffEffect[]): DiffEffect | 'same' {
  const [first, ...rest] = effects
  if (first === undefined) return 'same'
  return rest.every((effect) => effect === first) ? first : 'other'
}

function diff(from: string, to: string, { json }: PolicyOptions, { output }: CliContext): void {
  const differences = diffPolicies(crypto, policyByName(from), policyByName(to))
  const effect = overall(differences.map((one) => one.effect))
  if (json === true) output.json({ effect, differences })
  else if (effect === 'same') output.result('both accept the same')
  else {
    output.result(differenceTable(differences))
    output.talk(`all together: ${effect}`)
  }
}

function differenceTable(differences: readonly PolicyDifference[]): string {
  return table(differences, [
    { title: 'FIELD', cell: ({ field }) => field },
    { title: 'FROM', cell: ({ from }) => shortened(from) },
    { title: 'TO', cell: ({ to }) => shortened(to) },
    { title: 'EFFECT', cell: ({ effect }) => effect },
  ])
}
