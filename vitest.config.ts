import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const src = resolve(import.meta.dirname, 'src')

/** `keelson/store` means src/store/index.ts, as in tsconfig.json: tests, examples and docs need no build. */
const alias = [
  { find: /^keelson$/, replacement: `${src}/index.ts` },
  { find: /^keelson\/(.+)$/, replacement: `${src}/$1/index.ts` },
]

/** CI asks for a machine-readable result through the environment, so that the test command stays as it is. */
const report = process.env['KEELSON_TEST_REPORT']

/** A test that takes this long hangs; how fast the machine is decides nothing. */
const HANG_MS = 300_000

/** The package built, packed and installed; other programs, clusters and test runners that take seconds to start. */
const PROGRAMS = [
  'test/core/cron/croniter.test.ts',
  'test/discovery/shell/proxy-process.test.ts',
  'test/docs/hover.test.ts',
  'test/examples/control-planes.test.ts',
  'test/examples/pool-processes.test.ts',
  'test/examples/process-kills.test.ts',
  'test/package.test.ts',
  'test/store/etcd/cluster.test.ts',
  'test/store/node/killed.test.ts',
  'test/store/node/program-process.test.ts',
  'test/testing/framework-processes.test.ts',
]

/** Tests that change the globals of the host, or end the process: each file has a process to itself. */
const ALONE = ['test/testing/guard/**/*.test.ts']

const config: ViteUserConfig = defineConfig({
  test: {
    // Files that start processes wait for them much of their time, so half as many workers again as there are processors.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      {
        resolve: { alias },
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: ['test/long/**', ...PROGRAMS, ...ALONE],
          pool: 'forks',
          // Modules have no state of their own, so the files of one worker share them: importing is most of the time.
          isolate: false,
          setupFiles: ['test/property-seed.ts'],
          testTimeout: HANG_MS,
          hookTimeout: HANG_MS,
        },
      },
      {
        resolve: { alias },
        test: { name: 'alone', include: ALONE, pool: 'forks', testTimeout: HANG_MS, hookTimeout: HANG_MS },
      },
      {
        resolve: { alias },
        test: { name: 'long', include: ['test/long/**/*.test.ts'], pool: 'forks', testTimeout: 600_000 },
      },
      {
        resolve: { alias },
        test: {
          name: 'simulate',
          include: ['test/testing/own/**/*.test.ts', 'test/long/cluster.property.test.ts'],
          env: { KEELSON_SIMULATE_EXECUTIONS: process.env['KEELSON_SIMULATE_EXECUTIONS'] ?? '20000' },
          pool: 'forks',
          testTimeout: 600_000,
        },
      },
      {
        resolve: { alias },
        test: {
          name: 'crash',
          include: ['killed-writer', 'linearizable', 'damage', 'torn-sectors', 'formats'].map(
            name => `test/store/node/${name}.test.ts`,
          ),
          env: {
            KEELSON_DAMAGE_STRIDE: '1',
            KEELSON_KILLS: process.env['KEELSON_KILLS'] ?? '200',
            KEELSON_HISTORIES: process.env['KEELSON_HISTORIES'] ?? '2000',
          },
          testTimeout: 600_000,
        },
      },
      {
        resolve: { alias },
        test: { name: 'examples', include: ['test/examples.test.ts'], env: { KEELSON_EXAMPLES: 'all' } },
      },
      {
        resolve: { alias },
        test: { name: 'programs', include: PROGRAMS, testTimeout: HANG_MS, hookTimeout: HANG_MS },
      },
    ],
  },
})
export default config
