import { hostModule } from '../host/host-modules.js'
import type { StackFrame } from './stack-frames.js'
import { entryOf, framesBeyond, originOf } from './stack-frames.js'
import { describeStray } from './stray-work.js'
import type { GuardedStep } from './work-records.js'
import { stepName } from './work-records.js'
import type { Functions } from './wrapped-functions.js'
import { wrapFunctions } from './wrapped-functions.js'

/** A call to the host that returns when its work is done, so that no resource of it is ever seen. */
export interface BlockingCall {
  /** For example `readFileSync`. */
  readonly name: string
  /** As async hooks would call it: `FS`, `PROCESS`. */
  readonly type: string
  readonly step: GuardedStep
  readonly error: Error
}

/** Told of each call: its name, and as what it counts. */
export type NoteCall = (name: string, type: string) => void

/** Wraps what reads and writes files, and runs programs, synchronously. Returns what takes the wrappers away. */
export function wrapBlocking(note: NoteCall): () => void {
  const unwraps = [
    wrapSync(hostModule('node:fs'), 'FS', note),
    wrapSync(hostModule('node:child_process'), 'PROCESS', note),
  ]
  return () => {
    for (const unwrap of unwraps) unwrap()
  }
}

function wrapSync(module: object | undefined, type: string, note: NoteCall): () => void {
  const names = Object.keys(module ?? {}).filter(name => name.endsWith('Sync'))
  return wrapFunctions(module as Functions | undefined, names, (original, name) => {
    return new Proxy(original, {
      apply: (target, self, args) => {
        note(name, type)
        return Reflect.apply(target, self, args)
      },
    })
  })
}

/** What the first call of the code under test was, and where; undefined when all are of the host, or of a runner. */
export function describeBlocking(calls: readonly BlockingCall[]): string | undefined {
  const call = calls.find(({ error }) => isOfCode(framesBeyond(error)))
  if (call === undefined) return undefined
  const { what, remedy } = describeStray(call.type, call.name)
  const place = entryOf(framesBeyond(call.error))?.place
  const at = place === undefined ? '' : ` at ${place}`
  return `the code under test ${what}${at}, in ${stepName(call.step)}; ${remedy}`
}

/** A module that is loaded is read from a file as well. */
function isOfCode(frames: readonly StackFrame[]): boolean {
  const first = frames.map(originOf).find(origin => origin !== 'host')
  const loads = frames.some(({ file }) => /^node:internal\/(?:modules|source_map)\//.test(file))
  return !loads && (first === 'code' || first === 'library')
}
