import type { JsonTable } from '../../src/store/json/json-table.js'
import { visitTable } from '../../src/store/json/json-table.js'
import { fileDisk } from '../../src/store/node/file-disk.js'
import { FRAME_KINDS } from '../../src/store/node/frame.js'
import { FrameReader } from '../../src/store/node/frame-reader.js'
import type { Stage } from '../frame/profile.js'
import { makePod, podRef } from '../objects/pod.js'
import { cpuMsSince } from './process-cpu.js'

/** Where the time of a start goes. */
export const RECOVERY_STAGES: readonly Stage[] = [
  { name: 'terms of labels and indexes', frames: /store\/engine\/index-terms\.ts/ },
  { name: 'postings of labels and indexes', frames: /store\/engine\/(posting|label-postings|unique)/ },
  { name: 'the order of keys', frames: /store\/engine\/(key-order|value-order)/ },
  { name: 'tables, entries, versions', frames: /store\/(engine|read)\// },
  { name: 'objects from a table', frames: /store\/json\/(json-table|shared-json)\.ts/ },
  { name: 'read and check', frames: /store\/node\/(frame|file-|log-reader)/ },
  { name: 'parse, and replay besides', frames: /store\/node\// },
]

/** Where the time of a start from the newest checkpoint of a directory goes: microseconds of the processor for each object. */
export async function recoveryStages(dir: string, objects: number, totalMs: number): Promise<string> {
  const read = await stageMs(dir, () => {})
  const parsed = await stageMs(dir, payload => JSON.parse(payload.toString('utf8')))
  const made = await stageMs(dir, payload => {
    const all: object[] = []
    visitTable(JSON.parse(payload.toString('utf8')) as JsonTable, object => all.push(object))
  })
  const each = (ms: number): string => ((ms * 1_000) / objects).toFixed(1)
  return `${each(read)} µs to read and check, ${each(parsed - read)} to parse, ${each(made - parsed)} to make objects, ${each(totalMs - made)} for tables, indexes, the log and what lives on`
}

async function stageMs(dir: string, take: (payload: Buffer) => unknown): Promise<number> {
  const disk = fileDisk(dir)
  const name =
    (await disk.list())
      .filter(each => each.startsWith('checkpoint-'))
      .toSorted()
      .at(-1) ?? ''
  const reader = new FrameReader(disk, name)
  const cpu = process.cpuUsage()
  for (let frame = await reader.next(); frame !== undefined; frame = await reader.next())
    if (frame.kind === FRAME_KINDS.objects) take(frame.payload)
  return cpuMsSince(cpu)
}

/** The least that a start can do with objects that are written one by one: each is parsed, frozen and kept. */
export function parseAndKeepMs(size: number): number {
  const texts = Array.from({ length: size }, (_, index) => JSON.stringify(makePod(index)))
  const kept = new Map<string, unknown>()
  const cpu = process.cpuUsage()
  for (const [index, text] of texts.entries()) {
    const { namespace, name } = podRef(index)
    kept.set(`${namespace}/${name}`, frozen(JSON.parse(text)))
  }
  return cpuMsSince(cpu)
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const item of Object.values(value)) frozen(item)
  return Object.freeze(value)
}
