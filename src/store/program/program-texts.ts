import { formatTime } from '../../core/index.js'
import type { StoreStats } from '../admin/store-stats.js'
import { storeStats } from '../admin/store-stats.js'
import type { StoreParts } from '../client/store-parts.js'
import type { JournalEntry } from '../node/journal-entry.js'
import { keyOfChange } from '../node/journal-entry.js'
import type { ReadStore } from '../node/read-only-store.js'
import type { EtcdPlace, ProgramCommand } from './program-arguments.js'

/** What a directory is and holds. */
export function inspectText({ files, parts, tornBytes }: ReadStore, json: boolean): string {
  const { identity, segments, checkpoints } = files
  const stats = storeStats(parts)
  const logFiles = segments.map(({ name }) => name)
  const checkpointFiles = checkpoints.map(({ name }) => name)
  const format = identity.version
  if (json) return JSON.stringify({ format, ...stats, logFiles, checkpointFiles, tornBytes })
  return [
    `format        ${format}`,
    `incarnation   ${stats.incarnation}`,
    `revision      ${stats.revision}, watches may begin after ${stats.oldestRevision}`,
    `log           ${logFiles.length} files, from ${logFiles[0] ?? 'none'}`,
    `checkpoints   ${checkpointFiles.join(', ') || 'none'}`,
    `lifetimes     ${stats.lifetimes}`,
    ...(tornBytes === 0 ? [] : [`cut off       ${tornBytes} bytes of a write that was never acknowledged`]),
    'objects',
    ...kindLines(stats.kinds),
  ].join('\n')
}

/** What a prefix of an etcd is and holds. */
export function inspectEtcdText(
  { parts, revision }: { readonly parts: StoreParts; readonly revision: number },
  place: EtcdPlace,
  json: boolean,
): string {
  const { incarnation, lifetimes, kinds } = storeStats(parts)
  if (json) return JSON.stringify({ ...place, incarnation, revision, lifetimes, kinds })
  return [
    `etcd          ${placeText(place)}`,
    `incarnation   ${incarnation}`,
    `revision      ${revision}`,
    `lifetimes     ${lifetimes}`,
    'objects',
    ...kindLines(kinds),
  ].join('\n')
}

/** Where a store is in an etcd. */
export function placeText({ endpoints, prefix }: EtcdPlace): string {
  return `${endpoints.join(', ')}${prefix === undefined ? '' : `, prefix ${prefix}`}`
}

function kindLines(kinds: StoreStats['kinds']): string[] {
  return kinds.map(
    ({ apiVersion, kind, objects, namespaces }) =>
      `  ${String(objects).padStart(8)}  ${apiVersion}/${kind} in ${namespaces} namespaces`,
  )
}

/** An entry of a log, or a revision of an etcd, which knows neither a number nor a time. */
export interface LoggedEntry extends Omit<JournalEntry, 'timeMs'> {
  readonly entry?: number
  readonly timeMs?: number
}

/** An entry of the log; undefined when it is not asked for. */
export function logLine(
  { entry, revision, timeMs, cause, changes = [], notes = [] }: LoggedEntry,
  { json, at = 0, secrets }: Pick<ProgramCommand, 'json' | 'at' | 'secrets'>,
): string | undefined {
  if (revision === undefined ? at > 0 : revision <= at) return undefined
  const keys = changes.map(change => {
    const [, kind, namespace, name] = keyOfChange(change)
    return `${'removed' in change ? '-' : ''}${kind} ${namespace === null ? '' : `${namespace}/`}${name}`
  })
  const time = timeMs === undefined ? undefined : formatTime(timeMs)
  if (json)
    return JSON.stringify({
      entry,
      revision,
      time,
      ...cause,
      changes: keys,
      notes: secrets ? notes : notes.length,
    })
  const by = [cause?.actor, cause?.reason].filter(text => text !== undefined).join(': ')
  const what = keys.length === 0 ? `${notes.length} notes on lifetimes` : keys.join(', ')
  return [revision ?? '-', time ?? '-', what, ...(by === '' ? [] : [by])].join('\t')
}
