/** A node that launches a server and does nothing else: `node launch-owner-process.ts DESCRIPTION MODEL_FOLDER PARENT`. */
import { readFileSync } from 'node:fs'
import { parseLaunchDescription } from '#inference/upstream/launch/description.ts'
import { systemClock } from '#node/clock.ts'
import { startLaunchedServer } from '#node/launch/launched-server.ts'

const [, , file = '', modelFolder = '', parentFolder = ''] = process.argv
const server = await startLaunchedServer({
  description: parseLaunchDescription(readFileSync(file, 'utf8')),
  ...{ modelFolder, parentFolder, clock: systemClock },
  log: () => undefined,
  onChange: () => undefined,
})
console.log(JSON.stringify({ processId: server.processId, modelFolder: server.modelFolder }))
