import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Env } from '../../../core/index.js'
import { askHaproxy, HaproxyUnavailableError } from './admin-socket.js'
import type { HaproxyWorkers } from './haproxy-workers.js'
import { haproxyWorkers, isLeaving } from './haproxy-workers.js'

/** One HAProxy with its master process, and its files in a directory. */
export interface HaproxyProcess {
  /** Path of the admin socket. */
  readonly socket: string
  /** Whether the master runs. */
  isRunning(): boolean
  /**
   * Starts with this configuration, or reloads it. Resolves when new processes serve and those of before accept
   * nothing more.
   *
   * @throws KeelsonError `Unavailable` when the program cannot be run, refuses the configuration, or takes too long
   */
  load(text: string): Promise<void>
  ask(command: string): Promise<string>
  stop(): Promise<void>
}

/** Where and what to run. */
export interface HaproxyProcessOptions {
  readonly directory: string
  readonly program: string
  readonly env: Env
  /** Longest start or reload. */
  readonly loadTimeoutMs: number
  /** The master has ended, and was not asked to. */
  readonly ended: (output: string) => void
}

const POLL_MS = 10
/** What is kept of HAProxy's own words, for messages. */
const OUTPUT_CHARACTERS = 4000

export function createHaproxyProcess(options: HaproxyProcessOptions): HaproxyProcess {
  const { directory, program, env, loadTimeoutMs } = options
  mkdirSync(directory, { recursive: true })
  const file = (name: string): string => join(directory, name)
  const [configFile, socket, masterSocket] = [file('haproxy.cfg'), file('admin.sock'), file('master.sock')]
  let child: ChildProcess | undefined
  let output = ''
  let stopping = false
  const unavailable = (reason: string): HaproxyUnavailableError => {
    const said = output.trim().split('\n').slice(-12).join('\n')
    return new HaproxyUnavailableError('haproxy', said === '' ? reason : `${reason}; it said: ${said}`)
  }
  const start = (): Promise<void> => {
    output = ''
    for (const path of [socket, masterSocket]) rmSync(path, { force: true })
    const master = spawn(program, ['-W', '-db', '-f', configFile, '-S', masterSocket], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = master
    keepOutput(master, text => (output = (output + text).slice(-OUTPUT_CHARACTERS)))
    return new Promise((resolve, reject) => {
      master.once('spawn', resolve)
      master.once('error', error => {
        child = undefined
        reject(unavailable(`the program "${program}" cannot be run: ${error.message}`))
      })
      master.once('close', () => {
        if (child === master) child = undefined
        if (!stopping) options.ended(output)
      })
    })
  }
  const settled = async (before: HaproxyWorkers | undefined): Promise<void> => {
    const deadline = env.clock.monotonic() + loadTimeoutMs
    for (;;) {
      if (child === undefined) throw unavailable('it ended')
      const now = await haproxyWorkers(masterSocket, env)
      if (now !== undefined && now.failed > (before?.failed ?? 0))
        throw unavailable('it refused the configuration')
      const isNew = now !== undefined && now.current.some(pid => before?.current.includes(pid) !== true)
      if (isNew && (await Promise.all(now.old.map(pid => isLeaving(masterSocket, pid, env)))).every(Boolean))
        return
      if (env.clock.monotonic() >= deadline) throw unavailable(`it took longer than ${loadTimeoutMs} ms`)
      await env.clock.sleep(POLL_MS)
    }
  }
  return {
    socket,
    isRunning: () => child !== undefined,
    load: async text => {
      writeFileSync(`${configFile}.next`, text)
      renameSync(`${configFile}.next`, configFile)
      if (child === undefined) {
        await start()
        return settled(undefined)
      }
      const before = await haproxyWorkers(masterSocket, env)
      child.kill('SIGUSR2')
      return settled(before)
    },
    ask: command => askHaproxy(socket, command, { env }),
    stop: async () => {
      stopping = true
      if (child !== undefined) await ended(child)
    },
  }
}

function keepOutput({ stdout, stderr }: ChildProcess, keep: (text: string) => void): void {
  for (const stream of [stdout, stderr]) stream?.on('data', chunk => keep(String(chunk)))
}

function ended(master: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    master.once('exit', () => resolve())
    master.kill('SIGTERM')
  })
}
