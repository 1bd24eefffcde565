import type { Task } from '../../api/index.js'
import { parseTime } from '../../core/index.js'
import type { FailureMemoryPolicy } from './scheduling-controller-options.js'
import { failuresNameOf, groupOfTask } from './task-object.js'

/** A task that failed on a node. */
interface Failure {
  readonly node: string
  /** Under which name it is remembered. */
  readonly of: string
  /** Epoch ms; undefined until somebody looks at the clock. */
  atMs: number | undefined
}

/** So many failures are remembered; then the oldest are forgotten. */
const FAILURES_MAX = 10_000
/** Failures lose weight at so many instants of a window, so that what nodes are told of them changes rarely. */
const STEPS = 60

/** Which tasks failed lately on which nodes: a failure counts one, less with each half-life, nothing after the window. */
export class FailedTasks {
  readonly #windowMs: number
  readonly #halfLifeMs: number
  /** By the uid of the task, the oldest first. */
  readonly #failures = new Map<string, Failure>()
  /** What was told last: by node and name. */
  #told: ReadonlyMap<string, Readonly<Record<string, number>>> = new Map()
  #remembered: ReadonlySet<string> = new Set()
  /** When something is to be told, epoch ms. */
  #dueMs = Number.POSITIVE_INFINITY

  constructor({ windowMs = 300_000, halfLifeMs = Number.POSITIVE_INFINITY }: FailureMemoryPolicy) {
    this.#windowMs = windowMs
    this.#halfLifeMs = halfLifeMs
  }

  /** Takes in a task that may have failed. Those in no group are not remembered: no other task is like them. */
  note(task: Task): void {
    const { metadata, spec, status } = task
    const group = groupOfTask(task)
    if (status?.phase !== 'Failed' || spec.nodeName === undefined || group === undefined) return
    if (this.#failures.has(metadata.uid)) return
    const atMs = status.finishTime === undefined ? undefined : parseTime(status.finishTime)
    const of = failuresNameOf(group, metadata.labels)
    this.#failures.set(metadata.uid, { node: spec.nodeName, of, atMs })
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= FAILURES_MAX) break
      this.#failures.delete(oldest)
    }
    this.#dueMs = Number.NEGATIVE_INFINITY
  }

  /** Whether some task of that name failed lately. */
  remembers(of: string): boolean {
    return this.#remembered.has(of)
  }

  /** What failed on a node lately, by name; undefined for nothing. */
  on(node: string): Readonly<Record<string, number>> | undefined {
    return this.#told.get(node)
  }

  /** Lets failures lose weight, and names the nodes of which something else is told now. */
  decay(nowMs: number): readonly string[] {
    if (nowMs < this.#dueMs) return []
    const before = this.#told
    const told = new Map<string, Record<string, number>>()
    const remembered = new Set<string>()
    for (const [uid, failure] of this.#failures) {
      failure.atMs = Math.min(nowMs, failure.atMs ?? nowMs)
      const ageMs = nowMs - failure.atMs
      if (ageMs >= this.#windowMs) {
        this.#failures.delete(uid)
        continue
      }
      const { node, of } = failure
      const counts = told.get(node) ?? {}
      counts[of] = (counts[of] ?? 0) + 2 ** -Math.floor(ageMs / this.#halfLifeMs)
      told.set(node, counts)
      remembered.add(of)
    }
    this.#told = told
    this.#remembered = remembered
    const stepMs = Math.max(1, this.#windowMs / STEPS)
    this.#dueMs =
      this.#failures.size === 0 ? Number.POSITIVE_INFINITY : (Math.floor(nowMs / stepMs) + 1) * stepMs
    const nodes = new Set([...before.keys(), ...told.keys()])
    return [...nodes].filter(node => !isSame(before.get(node), told.get(node)))
  }
}

function isSame(
  a: Readonly<Record<string, number>> = NOTHING,
  b: Readonly<Record<string, number>> = NOTHING,
): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every(name => a[name] === b[name])
}

const NOTHING: Readonly<Record<string, number>> = Object.freeze({})
