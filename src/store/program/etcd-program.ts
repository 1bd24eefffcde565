import type { EtcdOptions } from '../etcd/etcd-connection.js'
import type { EtcdView } from '../etcd/read-etcd.js'
import { lookAtEtcd } from '../etcd/read-etcd.js'
import { restoreEtcd } from '../etcd/restore-etcd.js'
import { readBackup } from '../node/backup.js'
import type { EncryptionKey } from '../node/frame-cipher.js'
import type { RemoteRevision } from '../replica/replica-source.js'
import { readLogin } from './login-file.js'
import { tellDiff, tellHistory, tellObjects, tellProblems } from './look-commands.js'
import type { EtcdPlace, ProgramCommand } from './program-arguments.js'
import type { Restoring } from './program-backup.js'
import { copyBackup, intoDirectory, restoreFile, writeBackupFile } from './program-backup.js'
import type { ProgramOutput } from './program-output.js'
import { EXIT_CODES } from './program-output.js'
import type { LoggedEntry } from './program-texts.js'
import { inspectEtcdText, logLine, placeText } from './program-texts.js'
import { readTls } from './tls-files.js'

interface EtcdRun {
  readonly place: EtcdPlace
  readonly keys: readonly EncryptionKey[]
  readonly out: ProgramOutput
}

/** What the program does with a store in an etcd; resolves with its exit code. */
export async function performOnEtcd(command: ProgramCommand, run: EtcdRun): Promise<number> {
  const etcd = { ...run.place, ...(await readLogin(command.login)), ...(await readTls(command.tls)) }
  if (command.verb === 'restore') return restoreFile(command, run.keys, intoEtcd(etcd, run, command))
  return lookAtEtcd(etcd, view => (command.verb === 'tail' ? tail : look)(view, command, run))
}

function intoEtcd(etcd: EtcdOptions, { place, out }: EtcdRun, { json }: ProgramCommand): Restoring {
  const restore: Restoring['restore'] = async lines => {
    const { versions, notes } = await readBackup(lines)
    const objects = versions.map(({ object }) => object)
    return restoreEtcd(etcd, { objects, notes }, (done, total) => out.progress?.(done, total))
  }
  return { place: placeText(place), restore, json, out }
}

async function tail(view: EtcdView, command: ProgramCommand, { out }: EtcdRun): Promise<number> {
  const { at, follow } = command
  const never = new AbortController().signal
  const until = follow ? (out.signal?.() ?? never) : undefined
  await view.tail({ since: at, until, lost: error => out.note(String(error)) }, told => {
    const text = logLine(entryOf(told), command)
    if (text !== undefined) out.line(text)
  })
  return EXIT_CODES.fine
}

async function look(view: EtcdView, command: ProgramCommand, { place, keys, out }: EtcdRun): Promise<number> {
  const { verb, at, json } = command
  const withPast = verb === 'history' || verb === 'diff' || at !== undefined
  const read = await view.read({ withPast })
  switch (verb) {
    case 'inspect':
      out.line(inspectEtcdText(read, place, json))
      return EXIT_CODES.fine
    case 'verify':
      return tellProblems(read, command, out)
    case 'history':
      return tellHistory(read, command, out)
    case 'backup':
      return writeBackupFile(read, command, out)
    case 'migrate':
      return copyBackup(read, intoDirectory(command.rest[0] ?? '', keys, { json, out }))
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
