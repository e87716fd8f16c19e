/**
 * The program `cocoon`. Nothing is imported before the check below: an older Node fails inside a
 * dependency, with a message that names neither Node nor the remedy.
 */
const NODE_MAJOR_MIN = 24

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(
    `cocoon needs Node ${NODE_MAJOR_MIN} or newer; this is ${process.versions.node}. Use ./cocoon.\n`,
  )
  process.exit(2)
}

const { main } = await import('./cli/main.ts')
const exitCode = await main(process.argv.slice(2), process.env)
// Idle sockets must not keep a finished command alive; what was written must still arrive.
process.stdout.write('', () => process.exit(exitCode))
