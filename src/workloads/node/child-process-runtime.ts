import type { ChildProcess } from 'node:child_process'
import type {
  ListedTask,
  Probe,
  ProbeResult,
  RunningTask,
  Task,
  TaskExit,
  TaskPortStatus,
  TaskRuntime,
} from '../../api/index.js'
import type { Cancel, Env } from '../../core/index.js'
import { KeelsonError, systemEnv, UsageError } from '../../core/index.js'
import type { Listeners } from '../../core/internal.js'
import { assertKnown, assertValid, createListeners, knownOptions, wholeNumber } from '../../core/internal.js'
import { probeExec } from './exec-probe.js'
import type { PortRange } from './free-port.js'
import { FreePorts } from './free-port.js'
import { probeGrpc } from './grpc-probe.js'
import { probeHttp, probeTcp } from './network-probe.js'
import { signalGroup, startGroup } from './process-group.js'
import type { TaskLogLine, TaskLogOptions } from './task-output.js'
import { TaskOutput } from './task-output.js'

/** How a node's tasks are run as processes. */
export interface ChildProcessRuntimeOptions {
  /** Default `systemEnv`. */
  readonly env?: Env
  /** The address that tasks listen on; given to them as HOST. Default 127.0.0.1. */
  readonly address?: string
  /** Ports for tasks that name no `hostPort`, used in turn. Default: what the system gives. */
  readonly ports?: PortRange
  /** Working directory of the tasks. Default: that of this process. */
  readonly directory?: string
  /** Variables of this process that every task gets. Default PATH, HOME, LANG, TZ and TMPDIR. */
  readonly inherits?: readonly string[]
  /**
   * Output kept of each task, in bytes; each line counts 64 more. The oldest lines make room for new ones. A whole number
   * ≥ 1024, default 1 MiB.
   */
  readonly logBytesMax?: number
  /** Ended tasks whose output is kept; then the one that ended first is forgotten. A whole number ≥ 0, default 100. */
  readonly endedLogsMax?: number
}

/** A `TaskRuntime` of processes on this machine. */
export interface ChildProcessRuntime extends TaskRuntime {
  /**
   * What the task wrote to its standard output and standard error, line by line, oldest first. A reader that is slower
   * than the task misses lines, which the numbers of the lines show; it never holds up the task.
   *
   * @param uid of the task
   * @throws KeelsonError `NotFound` when it was never started here, or is forgotten; `Invalid` for a bad `tail`
   */
  logs(uid: string, options?: TaskLogOptions): AsyncIterable<TaskLogLine>
  /** Process ids by task uid. */
  pids(): ReadonlyMap<string, number>
  /** Ends every process at once, as a power cut would; resolves when all are gone. */
  killAll(): Promise<void>
}

const DEFAULT_INHERITS = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR']
const LOG_BYTES_MAX = 1_048_576
const ENDED_LOGS_MAX = 100
/** How long output is waited for after the end of a process: what left its group may hold the pipe for ever. */
const LAST_OUTPUT_MS = 1_000

/** Ended tasks that an agent which starts again may still ask for. */
const ENDED_TASKS_MAX = 10_000

interface Child {
  readonly process: ChildProcess
  readonly listed: ListedTask
  /** Asked to stop. */
  isStopping: boolean
  readonly running: RunningTask
  readonly variables: Readonly<Record<string, string>>
  readonly exited: Promise<TaskExit>
}

const CHILD_PROCESS_RUNTIME_OPTIONS = /* @__PURE__ */ knownOptions<ChildProcessRuntimeOptions>(
  'createChildProcessRuntime',
  {
    env: true,
    address: true,
    ports: true,
    directory: true,
    inherits: true,
    logBytesMax: true,
    endedLogsMax: true,
  },
)

/**
 * Runs each task as one process, `command` and `args` of its spec, with its `env`, HOST, HOSTNAME if the task
 * has one, PORT (its first port), PORT0, PORT1, …; `image` is ignored. For POSIX systems: a task is a process group.
 *
 * Guarantees: those of `TaskRuntime`. Nothing that a task forked outlives it, unless it left the group. When this process
 * ends, however it does, SIGKILL included, all tasks and probes are killed: a small `sh` waits for that while any run.
 * Nothing is taken over by the next process: it finds no task running, and starts what is to run. Within this process a
 * node agent that starts again takes over what runs and the last 10,000 ends.
 *
 * @throws InvalidError for an option out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { Task } from 'keelson/api'
 * import { createStore } from 'keelson/store'
 * import { createChildProcessRuntime } from 'keelson/workloads/node'
 *
 * const runtime = createChildProcessRuntime()
 * const store = createStore({ kinds: [Task] })
 * const task = await store.create(Task, {
 *   metadata: { namespace: 'default', name: 'hello' },
 *   spec: { command: ['sh', '-c', 'echo hello; exit 3'] },
 * })
 * const ended = new Promise(resolve => runtime.exits(resolve))
 * await runtime.start(task)
 * const lines: string[] = []
 * for await (const { text } of runtime.logs(task.metadata.uid, { follow: true })) lines.push(text)
 * assert.deepEqual(lines, ['hello'])
 * assert.deepEqual(await ended, { uid: task.metadata.uid, exitCode: 3, message: 'exit code 3' })
 * ```
 */
export function createChildProcessRuntime(options: ChildProcessRuntimeOptions = {}): ChildProcessRuntime {
  assertKnown(options, CHILD_PROCESS_RUNTIME_OPTIONS)
  return new ProcessRuntime(options)
}

class ProcessRuntime implements ChildProcessRuntime {
  readonly #env: Env
  readonly #address: string
  readonly #directory: string
  readonly #inherits: readonly string[]
  readonly #logBytesMax: number
  readonly #endedLogsMax: number
  readonly #ports: FreePorts
  readonly #children = new Map<string, Child>()
  readonly #starting = new Map<string, Promise<unknown>>()
  readonly #outputs = new Map<string, TaskOutput>()
  /** Those of them whose task has ended, in that order. */
  readonly #ended: string[] = []
  /** In the order in which they ended. */
  readonly #endedTasks = new Map<string, ListedTask>()
  readonly #exits: Listeners<TaskExit>

  constructor(options: ChildProcessRuntimeOptions) {
    const { env = systemEnv, address = '127.0.0.1', directory = process.cwd(), ports } = options
    const {
      inherits = DEFAULT_INHERITS,
      logBytesMax = LOG_BYTES_MAX,
      endedLogsMax = ENDED_LOGS_MAX,
    } = options
    assertValid('child process runtime', [
      ...wholeNumber('logBytesMax', logBytesMax, { min: 1024 }),
      ...wholeNumber('endedLogsMax', endedLogsMax, { min: 0 }),
      ...(ports === undefined
        ? []
        : [
            ...wholeNumber('ports.first', ports.first, { min: 1, max: 65_535 }),
            ...wholeNumber('ports.last', ports.last, { min: ports.first, max: 65_535 }),
          ]),
    ])
    this.#env = env
    this.#address = address
    this.#directory = directory
    this.#inherits = inherits
    this.#logBytesMax = logBytesMax
    this.#endedLogsMax = endedLogsMax
    this.#ports = new FreePorts(address, ports)
    this.#exits = createListeners<TaskExit>({
      onError: error => env.logger.error({ err: error }, 'a listener for ended tasks threw'),
    })
  }

  async start(task: Task): Promise<RunningTask> {
    const { uid, name } = task.metadata
    if (this.#children.has(uid) || this.#starting.has(uid))
      throw new UsageError(`task ${name} was started already`, { uid })
    const starting = this.#launch(task)
    this.#starting.set(uid, starting)
    try {
      return await starting
    } finally {
      this.#starting.delete(uid)
    }
  }

  async stop(uid: string, graceMs: number): Promise<TaskExit> {
    const child = this.#childOf(uid)
    const { process: leader, exited } = child
    child.isStopping = true
    signalGroup(leader, 'SIGTERM')
    const cancel = this.#env.clock.after(graceMs, () => signalGroup(leader, 'SIGKILL'))
    return exited.finally(cancel)
  }

  exits(listener: (exit: TaskExit) => void): Cancel {
    return this.#exits.add(listener)
  }

  async list(): Promise<readonly ListedTask[]> {
    await Promise.allSettled(this.#starting.values())
    const running = [...this.#children.values()].map(({ listed, isStopping }) =>
      isStopping ? { ...listed, isStopping } : listed,
    )
    return [...running, ...this.#endedTasks.values()]
  }

  async probe(uid: string, probe: Probe, signal?: AbortSignal): Promise<ProbeResult> {
    const { running, variables } = this.#childOf(uid)
    const limits = {
      timeoutMs: (probe.timeoutSeconds ?? 1) * 1000,
      env: this.#env,
      ...(signal === undefined ? {} : { signal }),
    }
    if (probe.exec !== undefined) {
      const { command } = probe.exec
      return probeExec({ ...limits, command, directory: this.#directory, variables })
    }
    const { port = 0 } = probe.httpGet ?? probe.tcpSocket ?? probe.grpc ?? {}
    const where = { ...limits, host: running.address, port: hostPortOf(running, port) }
    if (probe.httpGet !== undefined) return probeHttp({ ...where, path: probe.httpGet.path })
    return probe.grpc === undefined
      ? probeTcp(where)
      : probeGrpc({ ...where, service: probe.grpc.service ?? '' })
  }

  logs(uid: string, options: TaskLogOptions = {}): AsyncIterable<TaskLogLine> {
    if (options.tail !== undefined) assertValid('logs', wholeNumber('tail', options.tail, { min: 0 }))
    const output = this.#outputs.get(uid)
    if (output === undefined) throw unknownTask(uid)
    return output.read(options)
  }

  pids(): ReadonlyMap<string, number> {
    return new Map([...this.#children].map(([uid, child]) => [uid, child.process.pid ?? 0]))
  }

  async killAll(): Promise<void> {
    while (this.#children.size + this.#starting.size > 0) {
      for (const child of this.#children.values()) signalGroup(child.process, 'SIGKILL')
      await Promise.allSettled([
        ...this.#starting.values(),
        ...[...this.#children.values()].map(child => child.exited),
      ])
    }
  }

  async #launch(task: Task): Promise<RunningTask> {
    const { uid } = task.metadata
    const ports: TaskPortStatus[] = []
    try {
      for (const port of task.spec.ports ?? []) {
        const { name, containerPort, protocol = 'TCP' } = port
        if (port.hostPort !== undefined) await this.#ports.claim(port.hostPort, protocol)
        const hostPort = port.hostPort ?? (await this.#ports.take(protocol))
        ports.push({ ...(name === undefined ? {} : { name }), containerPort, hostPort, protocol })
      }
      const running: RunningTask = { address: this.#address, ports }
      const variables = variablesOf(task, running, this.#inherits)
      const command = [...(task.spec.command ?? []), ...(task.spec.args ?? [])]
      const started = await startGroup({ command, directory: this.#directory, variables, output: 'pipe' })
      this.#outputs.set(uid, this.#capture(started))
      const exited = new Promise<TaskExit>(resolve => {
        started.once('exit', (code, signal) => resolve(this.#exited(exitOf(uid, code, signal))))
      })
      const listed = listedTask(task, running, this.#env.clock.now())
      this.#children.set(uid, { process: started, listed, isStopping: false, running, variables, exited })
      return running
    } catch (error) {
      for (const { hostPort, protocol } of ports) this.#ports.release(hostPort, protocol)
      throw error
    }
  }

  #capture(child: ChildProcess): TaskOutput {
    const output = new TaskOutput(this.#logBytesMax, () => this.#env.clock.now())
    child.stdout?.on('data', (chunk: Buffer) => output.write('stdout', chunk))
    child.stderr?.on('data', (chunk: Buffer) => output.write('stderr', chunk))
    child.once('close', () => output.end())
    child.once('exit', () => {
      const late = this.#env.clock.after(LAST_OUTPUT_MS, () => {
        output.end()
        child.stdout?.destroy()
        child.stderr?.destroy()
      })
      child.once('close', late)
    })
    return output
  }

  #exited(exit: TaskExit): TaskExit {
    const { uid } = exit
    const child = this.#children.get(uid)
    this.#children.delete(uid)
    for (const { hostPort, protocol } of child?.running.ports ?? []) this.#ports.release(hostPort, protocol)
    if (child !== undefined) this.#keepEnd(child, exit)
    this.#ended.push(uid)
    for (const forgotten of this.#ended.splice(0, Math.max(0, this.#ended.length - this.#endedLogsMax)))
      this.#outputs.delete(forgotten)
    this.#exits.emit(exit)
    return exit
  }

  #keepEnd({ listed, isStopping }: Child, exit: TaskExit): void {
    this.#endedTasks.set(exit.uid, { ...listed, exit, ...(isStopping ? { isStopping } : {}) })
    for (const uid of this.#endedTasks.keys()) {
      if (this.#endedTasks.size <= ENDED_TASKS_MAX) break
      this.#endedTasks.delete(uid)
    }
  }

  #childOf(uid: string): Child {
    const child = this.#children.get(uid)
    if (child === undefined) throw unknownTask(uid)
    return child
  }
}

function listedTask({ metadata, spec }: Task, running: RunningTask, startedAtMs: number): ListedTask {
  const { uid, namespace, name } = metadata
  return {
    uid,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
    running,
    startedAtMs,
  }
}

function variablesOf(
  task: Task,
  running: RunningTask,
  inherits: readonly string[],
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {}
  for (const name of inherits) {
    const value = process.env[name]
    if (value !== undefined) variables[name] = value
  }
  variables['HOST'] = running.address
  if (task.spec.hostname !== undefined) variables['HOSTNAME'] = task.spec.hostname
  for (const [index, port] of running.ports.entries()) {
    if (index === 0) variables['PORT'] = String(port.hostPort)
    variables[`PORT${index}`] = String(port.hostPort)
  }
  for (const { name, value } of task.spec.env ?? []) variables[name] = value
  return variables
}

function exitOf(uid: string, code: number | null, signal: string | null): TaskExit {
  if (signal !== null) return { uid, signal, message: `ended by ${signal}` }
  return { uid, exitCode: code ?? 0, message: `exit code ${code}` }
}

function hostPortOf(running: RunningTask, port: number | string): number {
  const found = running.ports.find(({ name, containerPort }) =>
    typeof port === 'string' ? name === port : containerPort === port,
  )
  if (found !== undefined) return found.hostPort
  if (typeof port === 'number') return port
  throw new KeelsonError({
    code: 'NotFound',
    message: `the task has no port ${port}; it has ${running.ports.map(({ name, containerPort }) => name ?? containerPort).join(', ') || 'none'}`,
    details: { kind: 'port', name: port },
  })
}

function unknownTask(uid: string): KeelsonError<'NotFound'> {
  return new KeelsonError({
    code: 'NotFound',
    message: `no process is known for task ${uid}`,
    details: { kind: 'Task', name: uid },
  })
}
