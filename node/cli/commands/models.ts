/** `cocoon models`: what this machine has of models, and getting more. Each subcommand is a file. */
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { modelsListCommand } from './models-list.ts'
import { modelsNamesCommands } from './models-names.ts'
import { modelsPublishCommand } from './models-publish.ts'
import { modelsPullCommand } from './models-pull.ts'
import { modelsResolveCommand } from './models-resolve.ts'
import { modelsRmCommand } from './models-rm.ts'
import { modelsShowCommand } from './models-show.ts'
import { modelsSynthCommand } from './models-synth.ts'
import { modelsVerifyCommand } from './models-verify.ts'

export function modelsCommand(program: Command, context: CliContext): void {
  const models = program
    .command('models')
    .description('models on this machine: get, look at, check')
  modelsPullCommand(models, context)
  modelsListCommand(models, context)
  modelsShowCommand(models, context)
  modelsVerifyCommand(models, context)
  modelsRmCommand(models, context)
  modelsPublishCommand(models, context)
  modelsNamesCommands(models, context)
  modelsResolveCommand(models, context)
  modelsSynthCommand(models, context)
}
