import type { Watch, WatchBatch } from '../../store/index.js'
import type { LawWorld } from './law.js'

/** What a watch has told so far. */
export interface Tape<T> {
  readonly batches: readonly WatchBatch<T>[]
  /** The batches, once one of this revision or a later one is among them. */
  through(revision: number | string): Promise<readonly WatchBatch<T>[]>
  /** The batches, once so many events are in them. */
  events(count: number): Promise<readonly WatchBatch<T>[]>
  /** With what the watch has ended, undefined for an end without an error. */
  end(): Promise<unknown>
}

/** Reads the watch from now on. */
export function record<T>(world: LawWorld, watch: Watch<T>): Tape<T> {
  const batches: WatchBatch<T>[] = []
  const waiting: (() => void)[] = []
  const endings: unknown[] = []
  const wake = (): void => waiting.splice(0).forEach(resume => resume())
  watch.on(
    batch => {
      batches.push(batch)
      wake()
    },
    error => {
      endings.push(error)
      wake()
    },
  )
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>(resume => waiting.push(resume))
  }
  return {
    batches,
    through: async revision => {
      const reached = (): boolean => batches.some(batch => batch.revision >= Number(revision))
      await world.soon(`a batch of revision ${revision}`, until(reached))
      return batches
    },
    events: async count => {
      const reached = (): boolean => batches.reduce((sum, { events }) => sum + events.length, 0) >= count
      await world.soon(`${count} events`, until(reached))
      return batches
    },
    end: async () => {
      await world.soon(
        'the end of the watch',
        until(() => endings.length > 0),
      )
      return endings[0]
    },
  }
}

/** Each event as `revision TYPE name`, which is what most laws are about. */
export function linesOf(
  batches: readonly WatchBatch<{ readonly metadata: { readonly name: string } }>[],
): string[] {
  return batches.flatMap(({ revision, events }) =>
    events.map(({ type, object }) => `${revision} ${type} ${object.metadata.name}`),
  )
}
