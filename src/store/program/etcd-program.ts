import type { EtcdView } from '../etcd/read-etcd.js'
import { lookAtEtcd } from '../etcd/read-etcd.js'
import type { RemoteRevision } from '../replica/replica-source.js'
import { tellDiff, tellHistory, tellObjects, tellProblems } from './look-commands.js'
import type { EtcdPlace, ProgramCommand } from './program-arguments.js'
import type { ProgramOutput } from './program-output.js'
import { EXIT_CODES } from './program-output.js'
import type { LoggedEntry } from './program-texts.js'
import { inspectEtcdText, logLine } from './program-texts.js'

/** What the program does with a store in an etcd; resolves with its exit code. */
export function performOnEtcd(
  command: ProgramCommand,
  place: EtcdPlace,
  out: ProgramOutput,
): Promise<number> {
  return lookAtEtcd(place, view => perform(view, place, { command, out }))
}

async function perform(
  view: EtcdView,
  place: EtcdPlace,
  { command, out }: { readonly command: ProgramCommand; readonly out: ProgramOutput },
): Promise<number> {
  const { verb, at, follow, json } = command
  if (verb === 'tail') {
    const never = new AbortController().signal
    await view.tail({ since: at, until: follow ? (out.signal ?? never) : undefined }, told => {
      const text = logLine(entryOf(told), command)
      if (text !== undefined) out.line(text)
    })
    return EXIT_CODES.fine
  }
  const withPast = verb === 'history' || verb === 'diff' || at !== undefined
  const read = await view.read({ withPast })
  switch (verb) {
    case 'inspect':
      out.line(inspectEtcdText(read, place, json))
      return EXIT_CODES.fine
    case 'verify': {
      const problems = read.misplaced.map(key => ({ text: `${key} holds the object of another key` }))
      return tellProblems({ parts: read.parts, problems }, command, out)
    }
    case 'history':
      return tellHistory(read, command, out)
    case 'diff':
      return tellDiff(read, command, out)
    default:
      return tellObjects(read, command, out)
  }
}

function entryOf({ revision, changes, cause }: RemoteRevision): LoggedEntry {
  return {
    revision,
    ...(cause === undefined ? {} : { cause }),
    changes: changes.map(change => {
      if ('object' in change) return change.object
      const { apiVersion, kind, namespace, name } = change.removed
      return { removed: [apiVersion, kind, namespace ?? null, name] }
    }),
  }
}
