import { entryOf, framesBeyond, originOf } from './stack-frames.js'
import type { WorkRecord, WorkRecords } from './work-records.js'
import { stepName } from './work-records.js'

/**
 * Says what an attempt that never ends waits for: the step that began it, where it waits, and where the promise came to
 * be. Undefined when that cannot be told.
 */
export function describeAwaited(records: WorkRecords): string | undefined {
  const open = [...records.all.values()].filter(record => isOpen(record, records))
  const stuck = new Set(open.filter(record => askedBy(record) === 'keelson').map(({ step }) => step))
  const candidates = open.filter(({ step }) => stuck.has(step))
  // What waits was the last thing that its attempt did. An async function is itself waiting for something.
  const last = candidates.findLast(record => !isOfFunction(records.all.get(record.awaited ?? -1)))
  const waiting = last ?? candidates.at(-1)
  if (waiting === undefined) return undefined
  const at = entryOf(framesBeyond(waiting.error))?.place
  const awaited = records.all.get(waiting.awaited ?? -1)
  const made = awaited === undefined ? undefined : records.entryOf(awaited)?.place
  return [
    `${stepName(waiting.step)} waits`,
    ...(at === undefined ? [] : [` at ${at}`]),
    ' for a promise that nobody settles',
    ...(awaited === undefined ? [' and that came to be before'] : []),
    ...(made === undefined || made === at ? [] : [`, made at ${made}`]),
    ...(awaited === undefined || awaited.step === waiting.step ? [] : [` in ${stepName(awaited.step)}`]),
  ].join('')
}

function isOpen({ awaited, step }: WorkRecord, { settled }: WorkRecords): boolean {
  return awaited !== undefined && step.kind === 'reconcile' && !settled.has(awaited)
}

/** Whose code asked for it. */
function askedBy({ error }: WorkRecord): string | undefined {
  return framesBeyond(error)
    .map(originOf)
    .find(origin => origin !== 'host')
}

/** The promise of an async function comes to be in that function, all others in `new Promise`, `then` and the like. */
function isOfFunction(record: WorkRecord | undefined): boolean {
  if (record === undefined || record.awaited !== undefined) return false
  const [inner] = framesBeyond(record.error).filter(frame => originOf(frame) !== 'host')
  const text = record.error.stack ?? ''
  const before =
    inner === undefined ? text : text.slice(0, text.indexOf(`${inner.file}:${inner.line}:${inner.column}`))
  return !/\bPromise\b.*<anonymous>/.test(before)
}
