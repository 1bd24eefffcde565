import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Writable } from 'node:stream'

/**
 * Each line names all groups that run. The input ends when the process that writes it does, however that ends; then
 * those of the last line are killed. Signals of a terminal are meant for others.
 */
const SCRIPT = `trap '' HUP INT TERM
groups=
while read -r line; do groups=$line; done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done`

/**
 * Process groups that end with this process: `process.exit` and errors that end it kill them here, and a small `sh`
 * kills them when this process can do nothing more, as after SIGKILL. It runs while there are groups.
 */
class Watchdog {
  readonly #groups = new Set<number>()
  #process: (ChildProcess & { readonly stdin: Writable }) | undefined

  /**
   * Starts the leader of a group.
   *
   * @param start spawns it; when it has no process id, nothing was started
   * @throws Error when no watchdog can be started; then nothing else was
   */
  guard(start: () => ChildProcess): ChildProcess {
    // First: whoever is killed between the two leaves nothing behind.
    this.#open()
    try {
      const leader = start()
      if (leader.pid !== undefined) this.#add(leader.pid)
      return leader
    } finally {
      this.#closeUnlessNeeded()
    }
  }

  /** The group has ended. */
  release(leader: ChildProcess): void {
    if (leader.pid === undefined || !this.#groups.delete(leader.pid)) return
    if (this.#groups.size === 0) process.off('exit', this.#killAll)
    this.#tell()
    this.#closeUnlessNeeded()
  }

  #add(group: number): void {
    if (this.#groups.size === 0) process.on('exit', this.#killAll)
    this.#groups.add(group)
    this.#tell()
  }

  /** The pipe takes it in this very step, so it is read although this process is killed in the next. */
  #tell(): void {
    if (this.#groups.size > 0) this.#open()
    this.#process?.stdin.write(`${[...this.#groups].join(' ')}\n`)
  }

  #open(): void {
    if (this.#process !== undefined) return
    const opened = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    opened.on('error', () => {})
    opened.stdin.on('error', () => {})
    if (opened.pid === undefined)
      throw new Error('/bin/sh cannot be started, so that processes could not be ended with this one')
    opened.unref()
    if ('unref' in opened.stdin && typeof opened.stdin.unref === 'function') opened.stdin.unref()
    opened.once('exit', (_code, signal) => {
      if (this.#process !== opened) return
      this.#process = undefined
      // Somebody killed it. One that ends by itself would do so again; then the next start says why.
      if (signal !== null && this.#groups.size > 0) this.#tell()
    })
    this.#process = opened
  }

  #closeUnlessNeeded(): void {
    if (this.#groups.size > 0) return
    this.#process?.stdin.end()
    this.#process = undefined
  }

  readonly #killAll = (): void => {
    for (const group of this.#groups) killGroup(group)
    this.#groups.clear()
    this.#process?.stdin.write('\n')
  }
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Everything in it has ended.
  }
}

/** That of this process. */
export const watchdog: Watchdog = new Watchdog()
