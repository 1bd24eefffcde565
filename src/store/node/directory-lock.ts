import { link, readdir, unlink } from 'node:fs/promises'
import type { Server } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { DRAFT_SUFFIX } from './disk.js'
import { LockedError } from './storage-errors.js'

/** Sockets have short names: 107 bytes on Linux, 103 elsewhere. */
const SOCKET_PATH_BYTES_MAX = 103

const LOCK = /^lock-(\d+)$/

/**
 * Locks a directory for as long as the process lives. The lock is a socket that the owner listens on: the kernel tells whether
 * somebody still does, also across containers, whatever ended the owner. Locks are numbered, and the highest counts:
 * of two who find the same dead one, one makes the next, because a link is made once only.
 *
 * @throws LockedError
 */
export async function lockDirectory(path: string): Promise<() => Promise<void>> {
  const socketOf = (name: string): string => {
    const socket = join(path, name)
    if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX)
      throw new Error(
        `the path is longer than ${SOCKET_PATH_BYTES_MAX - name.length - 1} bytes, and sockets allow no more`,
      )
    return socket
  }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const last = Math.max(0, ...(await locksIn(path)))
    if (last > 0 && (await isListening(socketOf(nameOf(last))))) throw new LockedError(path)
    const { draft, server } = await listen(socketOf)
    const own = nameOf(last + 1)
    const release = async (): Promise<void> => {
      await unlink(socketOf(own)).catch(ignoreMissing)
      await new Promise<void>(resolve => void server.close(() => resolve()))
    }
    try {
      await link(draft, socketOf(own))
    } catch (error) {
      await new Promise<void>(resolve => void server.close(() => resolve()))
      // Somebody was quicker, or has cleaned up.
      if (!['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
      continue
    }
    await unlink(draft).catch(ignoreMissing)
    if (Math.max(...(await locksIn(path))) > last + 1) {
      await release()
      continue
    }
    await removeOld(path, last)
    return release
  }
  throw new LockedError(path)
}

/** So often somebody else can be quicker before we say that it is theirs. */
const ATTEMPTS_MAX = 10

function nameOf(number: number): string {
  return `lock-${number}`
}

/** True for the names of locks, and of what is left of one that was being made. */
export function isLockName(name: string): boolean {
  return LOCK.test(name) || /^lock-\d+-\d+\.draft$/.test(name)
}

/** Locks of the dead, and drafts that never became one. */
async function removeOld(path: string, last: number): Promise<void> {
  for (const name of await readdir(path)) {
    const number = Number(LOCK.exec(name)?.[1] ?? 0)
    if (isLockName(name) && number <= last) await unlink(join(path, name)).catch(ignoreMissing)
  }
}

async function locksIn(path: string): Promise<readonly number[]> {
  return (await readdir(path)).flatMap(name => {
    const number = LOCK.exec(name)?.[1]
    return number === undefined ? [] : [Number(number)]
  })
}

/** Under a name that nobody has. */
async function listen(socketOf: (name: string) => string): Promise<{ draft: string; server: Server }> {
  for (let number = 1; ; number++) {
    const draft = socketOf(`lock-${process.pid}-${number}${DRAFT_SUFFIX}`)
    const server = createServer(connection => connection.destroy())
    // A store that is open holds no process.
    server.unref()
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(draft, resolve)
      })
      return { draft, server }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

function isListening(socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // A full queue of connections has somebody at its end.
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(error)
    })
  })
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
