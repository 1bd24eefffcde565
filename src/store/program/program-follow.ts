import { systemEnv } from '../../core/index.js'
import { readDirectory } from '../node/directory.js'
import type { Disk } from '../node/disk.js'
import { FRAME_KINDS } from '../node/frame.js'
import type { FrameCipher } from '../node/frame-cipher.js'
import type { JournalEntry } from '../node/journal-entry.js'
import { LogFollower } from '../node/log-follower.js'
import { startWitness } from '../node/witness.js'
import type { ProgramCommand } from './program-arguments.js'
import type { ProgramOutput } from './program-output.js'
import { EXIT_CODES } from './program-output.js'
import { logLine } from './program-texts.js'

/** How often a directory is looked at. */
const LOOK_MS = 200

/** How often a witness tells its lag. */
const TELL_MS = 1_000

/** The log, and what another process adds to it, until it is interrupted. */
export async function followLog(
  disk: Disk,
  cipher: FrameCipher,
  command: ProgramCommand,
  out: ProgramOutput,
): Promise<number> {
  const { incarnation } = (await readDirectory(disk))?.identity ?? { incarnation: '' }
  const follower = new LogFollower(disk)
  const signal = out.signal?.()
  do {
    await follower.read(({ file, position, frame }) => {
      if (frame.kind !== FRAME_KINDS.entries) return
      const place = { path: disk.path, incarnation, file: file.name, position }
      const text = frame.sealed ? cipher.open(frame.payload, place) : frame.payload
      const entries = JSON.parse(text.toString('utf8')) as readonly JournalEntry[]
      for (const [index, entry] of entries.entries()) {
        const line = logLine({ ...entry, entry: frame.first + index }, command)
        if (line !== undefined) out.line(line)
      }
    })
  } while (await waits(LOOK_MS, signal))
  return EXIT_CODES.fine
}

/** Copies a directory until it is interrupted. */
export async function followInto(
  { dir, rest: [to = ''], json }: ProgramCommand,
  out: ProgramOutput,
): Promise<number> {
  let failure: unknown
  const ended = new AbortController()
  const failed = (error: unknown): void => {
    failure = error
    ended.abort()
  }
  const witness = await startWitness({ dir, to, failed })
  const interrupted = out.signal?.()
  const signal = interrupted === undefined ? ended.signal : AbortSignal.any([ended.signal, interrupted])
  do {
    const lag = witness.lag()
    out.line(
      json ? JSON.stringify(lag) : `copied ${lag.copiedBytes} bytes; ${Math.round(lag.lagMs)} ms behind`,
    )
  } while (await waits(TELL_MS, signal))
  await witness.stop()
  if (failure !== undefined) throw failure
  return EXIT_CODES.fine
}

/** False when it was interrupted. */
async function waits(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  await systemEnv.clock.sleep(ms, signal).catch(() => {})
  return signal?.aborted !== true
}
