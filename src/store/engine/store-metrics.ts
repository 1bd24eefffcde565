import type { Metrics } from '../../core/index.js'
import { silentMetrics } from '../../core/internal.js'
import type { KindTable } from './kind-table.js'
import type { LogRecord } from './revision-log.js'

/** Measures commits: `store_revision`, `store_commits_total`, `store_changes_total{kind,type}`, `store_objects{kind}`. */
export type CommitMeter = (record: LogRecord) => void

/** The meter of a store; undefined when measurements are dropped, so that a commit costs nothing. */
export function commitMeter(metrics: Metrics): CommitMeter | undefined {
  if (metrics === silentMetrics) return undefined
  const revision = metrics.gauge('store_revision', { help: 'The newest revision' })
  const commits = metrics.counter('store_commits_total', { help: 'Revisions that were committed' })
  const changes = metrics.counter('store_changes_total', {
    help: 'Objects that were added, modified or deleted',
  })
  const objects = metrics.gauge('store_objects', { help: 'Objects that are there' })
  const counts = new Map<KindTable, number>()
  return record => {
    commits.add()
    revision.set(record.revision)
    const growth = new Map<KindTable, number>()
    for (const { entry, before, after } of record.changes) {
      const { table } = entry.space
      const type = before === undefined ? 'ADDED' : after === undefined ? 'DELETED' : 'MODIFIED'
      changes.add(1, { kind: table.kind.kind, type })
      if (type !== 'MODIFIED') growth.set(table, (growth.get(table) ?? 0) + (type === 'ADDED' ? 1 : -1))
    }
    for (const [table, grown] of growth) {
      const known = counts.get(table)
      const count = known === undefined ? table.countObjects() : known + grown
      counts.set(table, count)
      objects.set(count, { kind: table.kind.kind })
    }
  }
}
