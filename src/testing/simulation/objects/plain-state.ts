import { canonicalJson } from '../../../core/internal.js'
import type { ObjectChange, StoredObject } from '../../../store/index.js'
import { isElectionRecord } from './election-objects.js'

/** The annotation that a simulated stranger writes. */
export const TOUCH_ANNOTATION = 'testing.keelson/touched'

/** What is left outside the store: whatever the code under test put there. */
export type Outside = ReadonlyMap<string, unknown>

/**
 * What a world has come to, one line for each object and each thing outside, without what depends on when and in
 * which order it came to be: no uids, revisions, generations, times, nor the marks of the simulator. An
 * `observedGeneration` is told as whether it is the newest, the name of a process as `<process>`. Records of elections
 * are left out.
 */
export function plainState(objects: readonly StoredObject[], outside: Outside): readonly string[] {
  const lines = objects.filter(object => !isElectionRecord(object)).map(plainLine)
  for (const [key, value] of outside)
    lines.push(`outside ${plainKey(key)}: ${canonicalJson(plain(anonymous(value ?? null), -1))}`)
  return lines.sort()
}

/** The name of a thing outside, without uids, times and names of processes. */
export function plainKey(key: string): string {
  return plainText(key.replace(PROCESS, '<process>'))
}

const knownLines = new WeakMap<StoredObject, string>()

/** What the state says of one object. */
function plainLine(object: StoredObject): string {
  const known = knownLines.get(object)
  if (known !== undefined) return known
  const { generation } = object.metadata
  const named = canonicalJson(plain(contentOf(object), generation))
  const line = named.includes('app-') ? canonicalJson(plain(contentOf(object, anonymous), generation)) : named
  knownLines.set(object, line)
  return line
}

/** True when objects came, went, or say something else than when it is. */
export function changesPlainly(changes: readonly ObjectChange[]): boolean {
  return changes.some(
    ({ before, after }) =>
      before === undefined || after === undefined || plainLine(before) !== plainLine(after),
  )
}

/** The same without generated names, of objects and of things outside: those in `names` all read the same. */
export function withoutNames(lines: readonly string[], names: Iterable<string>): readonly string[] {
  const longest = [...names].sort((a, b) => b.length - a.length)
  return lines.map(line => longest.reduce((text, name) => withoutName(text, name), line)).sort()
}

function withoutName(line: string, name: string): string {
  const own = `outside ${name}: `
  const text = line.startsWith(own) ? `outside *: ${line.slice(own.length)}` : line
  return text.replaceAll(JSON.stringify(name), '"*"')
}

/** @param told what is made of what the code under test has written, names and owners aside */
function contentOf(object: StoredObject, told: (value: unknown) => unknown = value => value): unknown {
  const { kind, metadata, spec, status } = object
  const { namespace, name, labels, finalizers, deletionTimestamp, ownerReferences } = metadata
  const { [TOUCH_ANNOTATION]: _touch, ...annotations } = metadata.annotations
  const content: Record<string, unknown> = {
    kind,
    name: namespace === undefined ? name : [namespace, name],
    spec: told(spec),
  }
  if (status !== undefined) content['status'] = told(status)
  if (Object.keys(labels).length > 0) content['labels'] = labels
  if (Object.keys(annotations).length > 0) content['annotations'] = told(annotations)
  if (finalizers.length > 0) content['finalizers'] = finalizers
  if (ownerReferences.length > 0)
    content['owners'] = ownerReferences.map(owner => [owner.kind, owner.name, owner.controller === true])
  if (deletionTimestamp !== undefined) content['deleting'] = true
  return content
}

const PROCESS = /\bapp-\d+\b/g

/** Without names of processes. */
function anonymous(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(PROCESS, '<process>')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(anonymous)
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, anonymous(field)]))
}

const UID = /uid-\d{6}/g
const UID_LENGTH = 10
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g

function plain(value: unknown, generation: number): unknown {
  if (typeof value === 'string') return plainText(value)
  // Epoch milliseconds of this century's next decades.
  if (typeof value === 'number') return value > 1.7e12 && value < 2.5e12 ? '<time>' : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => plain(item, generation))
  const fields: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) {
    if (key === 'observedGeneration') fields[key] = field === generation ? 'newest' : 'old'
    else fields[key] = plain(field, generation)
  }
  return fields
}

/** Most texts are too short to name a uid. */
function plainText(text: string): string {
  return text.length < UID_LENGTH ? text : text.replace(UID, '<uid>').replace(TIME, '<time>')
}
