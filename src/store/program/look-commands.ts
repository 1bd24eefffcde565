import { UsageError } from '../../core/index.js'
import type { DumpOptions } from '../admin/store-admin.js'
import { storeAdmin } from '../admin/store-admin.js'
import type { StoreProblem } from '../admin/verify-indexes.js'
import { storeOf } from '../client/engine-client.js'
import type { StoreParts } from '../client/store-parts.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectRef } from '../object/object.js'
import type { ProgramCommand } from './program-arguments.js'
import type { ProgramOutput } from './program-output.js'
import { EXIT_CODES } from './program-output.js'

/** A store that was read, from wherever it is. */
export interface LookedAt {
  readonly parts: StoreParts
  /** Bytes of a write that was cut off. Default 0. */
  readonly tornBytes?: number
  /** What was found wrong when it was read. Default: nothing. */
  readonly problems?: readonly StoreProblem[]
}

/** Every object, a line each. */
export function tellObjects(read: LookedAt, command: ProgramCommand, out: ProgramOutput): number {
  for (const object of storeAdmin(storeOf(read.parts)).dump(dumpOptions(read, command)))
    out.line(JSON.stringify(object))
  return EXIT_CODES.fine
}

function dumpOptions(read: LookedAt, { at, of, secrets }: ProgramCommand): DumpOptions {
  return {
    secrets,
    ...(at === undefined ? {} : { revision: at }),
    ...(of === undefined ? {} : { kind: kindNamed(read, of) }),
  }
}

/** Whether everything is as it must be. */
export function tellProblems(
  { parts, tornBytes = 0, problems: found = [] }: LookedAt,
  { json }: ProgramCommand,
  out: ProgramOutput,
): number {
  const problems = [...found, ...storeAdmin(storeOf(parts)).verify()]
  const { revision } = parts.engine
  if (json) out.line(JSON.stringify({ revision, tornBytes, problems }))
  else {
    for (const { text } of problems) out.line(text)
    const torn =
      tornBytes === 0 ? '' : `; ${tornBytes} bytes of a write that was cut off, and never acknowledged`
    out.line(
      `revision ${revision}: ${problems.length === 0 ? 'everything can be read' : `${problems.length} problems`}${torn}`,
    )
  }
  return problems.length === 0 ? EXIT_CODES.fine : EXIT_CODES.damaged
}

/** Each state of an object. */
export function tellHistory(
  read: LookedAt,
  { rest, json, secrets }: ProgramCommand,
  out: ProgramOutput,
): number {
  const [name = '', key = ''] = rest
  const kind = kindNamed(read, name)
  const states = storeAdmin(storeOf(read.parts)).history(kind, refOf(kind, key), { secrets })
  if (states.length === 0) {
    out.note(
      `error: nothing is known of ${kind.kind} ${key}: it is not there, and the log has no state of it`,
    )
    return EXIT_CODES.failed
  }
  for (const state of states) {
    const { revision, type, actor, reason } = state
    const by = [actor, reason].filter(text => text !== undefined).join(': ')
    out.line(json ? JSON.stringify(state) : `${revision}\t${type}${by === '' ? '' : `\t${by}`}`)
  }
  return EXIT_CODES.fine
}

/** What differs between two revisions. */
export function tellDiff(
  read: LookedAt,
  { rest, json, secrets }: ProgramCommand,
  out: ProgramOutput,
): number {
  const [from, to = read.parts.engine.revision] = rest.map(Number)
  for (const each of storeAdmin(storeOf(read.parts)).diff(from ?? 0, to, { secrets })) {
    const { type, kind, namespace, name, patch } = each
    const ref = namespace === undefined ? name : `${namespace}/${name}`
    out.line(json ? JSON.stringify(each) : `${type}\t${kind}\t${ref}`)
    if (!json && type === 'MODIFIED')
      for (const operation of patch) out.line(`\t${JSON.stringify(operation)}`)
  }
  return EXIT_CODES.fine
}

function kindNamed({ parts }: LookedAt, name: string): Kind {
  const { all } = parts.engine.tables
  const found = all.find(
    ({ kind: { apiVersion, kind } }) => kind === name || `${apiVersion}/${kind}` === name,
  )
  if (found === undefined) {
    const known = all.map(({ kind }) => kind.kind).join(', ')
    throw new UsageError(`there is no kind ${name} in it; there are ${known || 'none'}`, { kind: name })
  }
  return found.kind
}

function refOf({ namespaced, kind }: Kind, key: string): ObjectRef {
  const at = key.indexOf('/')
  if (!namespaced) return { name: key }
  if (at < 0) throw new UsageError(`${kind} ${key} needs its namespace: namespace/name`, { key })
  return { namespace: key.slice(0, at), name: key.slice(at + 1) }
}
