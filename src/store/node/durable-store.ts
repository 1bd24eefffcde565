import type { StoreAdmin } from '../admin/store-admin.js'
import { storeAdmin } from '../admin/store-admin.js'
import type { StoreProblem } from '../admin/verify-indexes.js'
import type { Store } from '../client/client.js'
import { EngineStore } from '../client/engine-client.js'
import type { StoreParts } from '../client/store-parts.js'
import { backupLines } from './backup.js'
import type { Checkpointer } from './checkpointer.js'
import type { Disk } from './disk.js'
import type { FrameCipher } from './frame-cipher.js'
import type { Journal } from './journal.js'
import { verifyDisk } from './verify-disk.js'

/** A store whose content is in a directory. */
export interface DurableStore extends Store {
  /** The directory. */
  readonly dir: string
  /**
   * Resolves when everything committed so far is on the disk, whatever `fsync` says: for the transactions that matter where
   * not all do.
   *
   * @throws KeelsonError `StorageFailed`
   */
  durable(): Promise<void>
  /** Writes a checkpoint now, so that the next start has less to read. One is written by itself every `checkpointBytes`. */
  checkpoint(): Promise<void>
  /**
   * Writes everything anew with the first key, and removes what was written with other keys, or with none; then those keys are not
   * needed any more. It costs a checkpoint, and the history: after the next start watches cannot begin before it.
   */
  reencrypt(): Promise<void>
  readonly admin: DurableAdmin
  /** Writes what is left, and lets go of the directory. Ends every watch and refuses every later call. Idempotent. */
  close(): Promise<void>
}

/** What an administrator asks of a store in a directory. */
export interface DurableAdmin extends StoreAdmin {
  /** Everything as it is now, as lines for `restoreStore`, while writes go on. Secrets are in it. */
  backup(): AsyncIterable<string>
  /**
   * Also reads the directory again and compares it with what is in memory.
   *
   * @throws KeelsonError `Corrupt`, `StorageFailed`
   */
  verifyDisk(): Promise<readonly StoreProblem[]>
}

/** What keeps a store. */
export interface Keeping {
  readonly dir: string
  readonly journal: Journal
  readonly checkpointer: Checkpointer
  readonly disk: Disk
  readonly cipher: FrameCipher
  readonly unlock: () => Promise<void>
}

/** An engine's store that ends with its journal. */
export class JournaledStore extends EngineStore implements DurableStore {
  readonly dir: string
  readonly admin: DurableAdmin
  readonly #journal: Journal
  readonly #checkpointer: Checkpointer
  readonly #unlock: () => Promise<void>
  #closing: Promise<void> | undefined

  constructor(parts: StoreParts, { dir, journal, checkpointer, disk, cipher, unlock }: Keeping) {
    super(parts, { env: parts.engine.env, commits: 'direct', fences: [] })
    this.dir = dir
    this.#journal = journal
    this.#checkpointer = checkpointer
    this.#unlock = unlock
    this.admin = {
      ...storeAdmin(this),
      backup: () => backupLines(parts),
      verifyDisk: async () => {
        await checkpointer.idle()
        return verifyDisk(disk, parts, { cipher, settled: () => journal.settled() })
      },
    }
  }

  readonly durable: DurableStore['durable'] = async () => {
    this.engine.assertOpen()
    await this.#journal.settled()
  }

  readonly checkpoint: DurableStore['checkpoint'] = async () => {
    this.engine.assertOpen()
    await this.#checkpointer.now()
  }

  readonly reencrypt: DurableStore['reencrypt'] = async () => {
    this.engine.assertOpen()
    await this.#checkpointer.rewrite()
  }

  override readonly close: DurableStore['close'] = () => {
    this.engine.close()
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    try {
      await this.#checkpointer.close()
      await this.#journal.close()
    } finally {
      await this.#unlock()
    }
  }
}
