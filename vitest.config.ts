import { defineConfig } from 'vitest/config'

/** Files that start whole networks run one after the other, when everything else is done. */
const networks = ['test/e2e/**/*.test.ts', 'test/cli/testnet.test.ts', 'test/model/**/*.test.ts']

const common = {
  // For what hangs. A test waits for states, and how long they take is the machine's: these are generous.
  testTimeout: 180_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 120_000, interval: 20 } },
  // As in the engine's own process (inference/onnx/process/child-link.ts), for models that a test opens in its own.
  env: { ORT_GQA_DISABLE_FLASH_ATTENTION: '1' },
  execArgv: ['--disable-warning=ExperimentalWarning'],
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', './test/support/plain-reporter.ts'],
    projects: [
      {
        test: {
          ...common,
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: networks,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'networks',
          include: networks,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
