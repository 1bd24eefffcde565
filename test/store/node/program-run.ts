import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '../../..')

/** Makes one file of a program, so that it starts in no time. */
export async function bundleProgram(
  name: string,
  folder: string,
  programs: string = join(import.meta.dirname, 'programs'),
): Promise<string> {
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [join(programs, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    nodePaths: [join(root, 'node_modules')],
  })
  return outfile
}

/** A program that tells what it does, one JSON object a line, and is killed. */
export interface ProgramRun<Line> {
  readonly lines: readonly Line[]
  /** Resolves with the first line that fits, also one that was told already. */
  until(fits: (line: Line) => boolean): Promise<Line>
  /** SIGKILL; resolves when the program is gone and everything it has told was read. */
  kill(): Promise<void>
}

export function runProgram<Line>(file: string, args: readonly string[]): ProgramRun<Line> {
  const child: ChildProcess = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  let errors = ''
  let gone = false
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  reader.on('line', line => {
    // The kill may have cut the last line.
    if (line.endsWith('}')) lines.push(JSON.parse(line) as Line)
    for (const look of waiting) look()
  })
  const closed = Promise.all([once(child, 'exit'), once(reader, 'close')]).then(() => {
    gone = true
    for (const look of waiting) look()
  })
  return {
    lines,
    until: fits =>
      new Promise((resolveLine, reject) => {
        const look = (): void => {
          const found = lines.find(fits)
          if (found !== undefined) resolveLine(found)
          else if (gone) reject(new Error(`the program ended before it told that: ${errors}`))
          else return
          waiting.delete(look)
        }
        waiting.add(look)
        look()
      }),
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
}
