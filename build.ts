/**
 * `npm run build`: the published package, in dist/. Node strips types from a checkout but refuses to
 * under node_modules, so every module becomes one .js file of the same place: stack traces and files
 * named relative to a module stay right. `npm pack ./dist` makes the tarball.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build, type Plugin } from 'esbuild'

const root = import.meta.dirname
const out = path.resolve(root, process.argv[2] ?? 'dist')
const rooms = ['protocol', 'inference', 'attestation', 'settlement', 'node']
const shipped = [
  'models/demo',
  'models/evaluation',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
  'docs',
]

/** One .js file a module. Imports keep their shape: `#room/x.ts` goes through the manifest's map. */
async function translate(): Promise<void> {
  const modules = globSync(`{${rooms.join(',')}}/**/*.{ts,tsx,json}`, { cwd: root }).sort()
  await build({
    absWorkingDir: root,
    entryPoints: modules.filter((file) => !file.endsWith('.json')),
    outdir: out,
    outbase: '.',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    bundle: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
    plugins: [moduleByModule, namedFiles],
  })
  for (const file of modules.filter((one) => one.endsWith('.json'))) {
    cpSync(path.join(root, file), path.join(out, file))
  }
}

/** Nothing is drawn in; a relative import of a .ts file becomes one of the .js file beside it. */
const moduleByModule: Plugin = {
  name: 'module-by-module',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path: specifier, kind }) => {
      if (kind === 'entry-point') return undefined
      const own = specifier.startsWith('.') && /\.tsx?$/.test(specifier)
      return { path: own ? specifier.replace(/\.tsx?$/, '.js') : specifier, external: true }
    })
  },
}

/** Modules that start as processes and workers are named by URL, which no import map sees. */
const namedFiles: Plugin = {
  name: 'named-files',
  setup(build) {
    build.onLoad({ filter: /\.tsx?$/ }, ({ path: file }) => ({
      contents: readFileSync(file, 'utf8').replace(
        /\b(new URL|here)\('([^']+)\.ts'/g,
        (_, call, name) => `${call}('${name}.js'`,
      ),
      loader: file.endsWith('x') ? 'tsx' : 'ts',
    }))
  },
}

/** Declarations of what the library exports, and of what those mention. */
function declareTypes(): void {
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const parameters = ['-p', 'tsconfig.package.json', '--outDir', out]
  execFileSync(process.execPath, [compiler, ...parameters], { cwd: root, stdio: 'inherit' })
}

function writeProgram(): void {
  const program = `#!/usr/bin/env -S node --disable-warning=ExperimentalWarning\nimport './node/main.js'\n`
  writeFileSync(path.join(out, 'cocoon.js'), program, { mode: 0o755 })
}

function writeManifest(): void {
  const source = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const { name, version, description, license, type, engines } = source
  // The checkout pins Node as a dependency; a package says which it needs.
  const { node: _, ...dependencies } = source.dependencies
  const library = { types: './node/library/index.d.ts', default: './node/library/index.js' }
  const imports = Object.fromEntries(
    rooms.map((room) => [
      `#${room}/*.ts`,
      { types: `./${room}/*.d.ts`, default: `./${room}/*.js` },
    ]),
  )
  const manifest = {
    ...{ name, version, description, license, type, engines },
    bin: { cocoon: './cocoon.js' },
    exports: { '.': library, './package.json': './package.json' },
    imports,
    dependencies,
  }
  writeFileSync(path.join(out, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
await translate()
declareTypes()
for (const file of shipped) cpSync(path.join(root, file), path.join(out, file), { recursive: true })
writeProgram()
writeManifest()
