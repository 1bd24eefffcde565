import type { Env } from '../../src/core/index.js'
import type { Kind, Store } from '../../src/store/index.js'
import { restoreStoreOn } from '../../src/store/node/backup.js'
import { FRAME_HEADER_BYTES, readHeader } from '../../src/store/node/frame.js'
import type { DurableStore } from '../../src/store/node/index.js'
import { openStoreOn } from '../../src/store/node/open-store.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { diskOf, FaultyDisk } from '../store/node/faulty-disk.js'

const RESTARTS = [
  'restart',
  'dump',
  'checkpoint',
  'flipBit',
  'forEachTruncationOfLastRecord',
  'backup',
  'restore',
]

/** True for a case that needs a disk. */
export function needsDisk(steps: readonly { readonly op: string }[]): boolean {
  return steps.some(({ op }) => RESTARTS.includes(op))
}

/** A store on a disk, whose process dies and is started again. */
export class StoreLives {
  readonly #env: VirtualEnv
  readonly #kinds: readonly Kind[]
  #disk = new FaultyDisk()
  #life: Env
  #store: DurableStore | undefined

  constructor(env: VirtualEnv, kinds: readonly Kind[]) {
    this.#env = env
    this.#kinds = kinds
    this.#life = env.fork('life')
  }

  async open(): Promise<Store> {
    this.#store = await openStoreOn(this.#disk, { kinds: this.#kinds, env: this.#life })
    return this.#store
  }

  /** The process is gone at once, and comes back later. */
  async crash(downMs: number): Promise<Store> {
    this.#life.close()
    this.#life = this.#env.fork('life')
    this.#disk = this.#disk.afterKill()
    await this.#env.advance(downMs)
    return this.open()
  }

  async checkpoint(): Promise<void> {
    await this.#store?.checkpoint()
  }

  /** The lines of a backup of what there is now. */
  async backup(): Promise<readonly string[]> {
    const lines: string[] = []
    for await (const line of this.#store?.admin.backup() ?? []) lines.push(line)
    return lines
  }

  /** The store goes, and one that is made of the backup takes its place. */
  async restore(lines: readonly string[]): Promise<Store> {
    await this.#store?.close()
    this.#disk = new FaultyDisk()
    await restoreStoreOn(this.#disk, { lines, env: this.#life })
    return this.open()
  }

  /** Everything that is told of every object. */
  dump(): object {
    return this.#kinds.map(kind => {
      const { items } = this.#store?.list(kind) ?? { items: [] }
      return items.map(({ metadata }) => this.#store?.history(kind, metadata))
    })
  }

  /** Changes a bit of the payload of a write, counted from 1. */
  flipBit(record: number): void {
    const [log, bytes] = this.#lastLog()
    const [begin = 0] = framesIn(bytes)[record] ?? []
    const changed = Buffer.from(bytes)
    const at = begin + FRAME_HEADER_BYTES + 10
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    this.#disk.put(log, changed)
  }

  #lastLog(): readonly [name: string, bytes: Buffer] {
    return this.#disk.logs().at(-1) ?? ['', Buffer.alloc(0)]
  }

  /** Runs `then` on a disk that lacks the end of the last write, for every length. */
  async forEachTruncation(then: () => Promise<void>): Promise<void> {
    const [log, bytes] = this.#lastLog()
    const others = [...this.#disk.files()].filter(([name]) => name !== log)
    const [begin, end] = framesIn(bytes).at(-1) ?? [0, 0]
    for (let length = begin; length < end; length++) {
      this.#disk = diskOf([...others, [log, bytes.subarray(0, length)]])
      await then()
    }
  }
}

/** Where the frames are, that at the head of the file included. */
function framesIn(bytes: Buffer): readonly (readonly [begin: number, end: number])[] {
  const found: [number, number][] = []
  for (let at = 0; ; ) {
    const header = readHeader(bytes, at)
    if (header === undefined) return found
    found.push([at, at + header.size])
    at += header.size
  }
}
