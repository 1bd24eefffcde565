import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One way to run an example: `examples/<name>/main.ts` with these arguments. */
export interface ExampleRun {
  readonly example: string
  readonly args: readonly string[]
  /** Quick runs belong to `npm test`; all of them to `npm run test:examples`. */
  readonly quick: boolean
  readonly timeoutMs: number
}

/** What the optional `example.json` beside `main.ts` may say. One run without arguments when it is absent. */
interface ExampleFile {
  readonly runs?: readonly (readonly string[])[]
  readonly timeoutMs?: number
  readonly quick?: boolean
}

export interface ExampleResult {
  readonly exitCode: number | null
  readonly timedOut: boolean
  /** Standard output and error, as they came. */
  readonly output: string
  readonly lastLine: string
}

const defaultTimeoutMs = 120_000
const knownKeys = ['runs', 'timeoutMs', 'quick']

/** Every run of every folder of `examples` that has a main.ts. Folders without one are shared code. */
export function exampleRuns(examples: string): ExampleRun[] {
  if (!existsSync(examples)) return []
  return readdirSync(examples)
    .filter(name => existsSync(join(examples, name, 'main.ts')))
    .toSorted()
    .flatMap(example => {
      const file = join(examples, example, 'example.json')
      const {
        runs = [[]],
        timeoutMs = defaultTimeoutMs,
        quick = false,
      } = existsSync(file) ? readExampleFile(file) : {}
      return runs.map(args => ({ example, args, quick, timeoutMs }))
    })
}

function readExampleFile(file: string): ExampleFile {
  const declared = JSON.parse(readFileSync(file, 'utf8')) as ExampleFile
  const unknown = Object.keys(declared).filter(key => !knownKeys.includes(key))
  if (unknown.length > 0)
    throw new Error(`${file}: unknown ${unknown.join(', ')}; known are ${knownKeys.join(', ')}`)
  if (declared.runs?.length === 0)
    throw new Error(`${file}: runs is empty; leave it out for one run without arguments`)
  return declared
}

/** Runs it as a user would, from the top of the checkout, without input; kills its whole process group when late. */
export function runExample(root: string, { example, args, timeoutMs }: ExampleRun): Promise<ExampleResult> {
  const child = spawn(join(root, 'node_modules/.bin/tsx'), [join('examples', example, 'main.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, NODE_ENV: undefined, VITEST: undefined, NO_COLOR: '1', FORCE_COLOR: undefined },
  })
  let output = ''
  let written = ''
  let timedOut = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    written += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const late = setTimeout(() => {
    timedOut = true
    killGroup(child.pid)
  }, timeoutMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', exitCode => {
      clearTimeout(late)
      killGroup(child.pid)
      resolve({ exitCode, timedOut, output, lastLine: written.trimEnd().split('\n').at(-1) ?? '' })
    })
  })
}

/** What an example started must not outlive it. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is gone already.
  }
}

/** The verdict on a run, with its whole output where it failed. */
export function verdict({ exitCode, timedOut, lastLine, output }: ExampleResult): string {
  if (timedOut) return `timed out\n${output}`
  if (exitCode !== 0) return `exit ${exitCode}\n${output}`
  return lastLine === 'ok' ? 'ok' : `last line is not ok\n${output}`
}
