/** `cocoon version`. */
import type { Command } from 'commander'
import { pairs } from '#node/text.ts'
import { versionDocument } from '#node/version.ts'
import type { CliContext } from '../context.ts'

export function versionCommand(program: Command, { output }: CliContext): void {
  program
    .command('version')
    .description('versions of the program and of what it runs on')
    .option('--json', 'one JSON document to stdout')
    .action((options: { readonly json?: boolean }) => {
      const document = versionDocument()
      if (options.json) return output.json(document)
      output.result(pairs(Object.entries(document).map(([name, value]) => [name, String(value)])))
    })
}
