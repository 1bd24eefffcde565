import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import type { Probe, RunningTask, Task, TaskExit, TaskPortStatus, TaskRuntime } from 'keelson/api'
import type { Cancel, Env } from 'keelson/core'
import { probeHttp, probeTcp } from 'keelson/discovery/node'

/** How a node's processes are run. */
export interface ChildProcessRuntimeOptions {
  readonly env: Env
  /** Loopback address that the node's tasks listen on; given to them as HOST. */
  readonly address: string
  /** Ports for tasks, first and last; the next free one is given as PORT. */
  readonly ports: { readonly first: number; readonly last: number }
  /** Working directory of the tasks. */
  readonly directory: string
}

/** A `TaskRuntime` of operating-system processes on this machine. */
export interface ChildProcessRuntime extends TaskRuntime {
  /** Process ids by task uid. */
  pids(): ReadonlyMap<string, number>
  /** Ends every process at once, as a power cut would; resolves when all are gone. */
  killAll(): Promise<void>
}

interface Child {
  readonly process: ChildProcess
  readonly running: RunningTask
  readonly exited: Promise<TaskExit>
}

/** Each task is one process group, so that nothing it forked outlives it. */
export function createChildProcessRuntime(options: ChildProcessRuntimeOptions): ChildProcessRuntime {
  const { env, address, ports, directory } = options
  const children = new Map<string, Child>()
  const listeners = new Set<(exit: TaskExit) => void>()
  let nextPort = ports.first

  const freePort = async (): Promise<number> => {
    for (let tried = ports.first; tried <= ports.last; tried += 1) {
      const port = nextPort
      nextPort = port === ports.last ? ports.first : port + 1
      if (await canListen(address, port)) return port
    }
    throw new Error(`no free port on ${address} from ${ports.first} to ${ports.last}`)
  }

  const childOf = (uid: string): Child => {
    const child = children.get(uid)
    if (child === undefined) throw new Error(`no process for task ${uid}`)
    return child
  }

  return {
    async start(task) {
      const assigned: TaskPortStatus[] = []
      for (const port of task.spec.ports ?? []) {
        const hostPort = port.hostPort ?? (await freePort())
        const { name, containerPort, protocol = 'TCP' } = port
        assigned.push({ ...(name === undefined ? {} : { name }), containerPort, hostPort, protocol })
      }
      const running: RunningTask = { address, ports: assigned }
      const child = await launch(task, running, directory)
      const exited = new Promise<TaskExit>(resolve => {
        child.once('exit', (code, signal) => {
          children.delete(task.metadata.uid)
          const exit = exitOf(task.metadata.uid, code, signal)
          resolve(exit)
          for (const listener of listeners) listener(exit)
        })
      })
      children.set(task.metadata.uid, { process: child, running, exited })
      return running
    },
    async stop(uid, graceMs) {
      const child = childOf(uid)
      signalGroup(child.process, 'SIGTERM')
      const cancel = env.clock.after(graceMs, () => signalGroup(child.process, 'SIGKILL'))
      return child.exited.finally(cancel)
    },
    exits(listener): Cancel {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async probe(uid, probe, signal) {
      const { running } = childOf(uid)
      const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
      const common = { host: running.address, timeoutMs, ...(signal === undefined ? {} : { signal }) }
      if (probe.httpGet !== undefined) {
        return probeHttp({ ...common, path: probe.httpGet.path, port: portOf(running, probe.httpGet.port) })
      }
      if (probe.tcpSocket !== undefined)
        return probeTcp({ ...common, port: portOf(running, probe.tcpSocket.port) })
      return { result: 'failure', message: 'exec probes are not supported for child processes' }
    },
    pids: () => new Map([...children].map(([uid, child]) => [uid, child.process.pid ?? 0])),
    async killAll() {
      const all = [...children.values()]
      for (const child of all) signalGroup(child.process, 'SIGKILL')
      await Promise.all(all.map(child => child.exited))
    },
  }
}

/** Starts the process; rejects when the command cannot be executed. */
function launch(task: Task, running: RunningTask, cwd: string): Promise<ChildProcess> {
  const [command, ...args] = [...(task.spec.command ?? []), ...(task.spec.args ?? [])]
  if (command === undefined) return Promise.reject(new Error('the task has no command'))
  const variables: Record<string, string | undefined> = { PATH: process.env.PATH, HOST: running.address }
  for (const [index, port] of running.ports.entries()) {
    if (index === 0) variables.PORT = String(port.hostPort)
    variables[`PORT${index}`] = String(port.hostPort)
  }
  for (const { name, value } of task.spec.env ?? []) variables[name] = value
  const child = spawn(command, args, { cwd, env: variables, detached: true, stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child))
    child.once('error', error => reject(new Error(`command "${command}": ${error.message}`)))
  })
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}

function exitOf(uid: string, code: number | null, signal: string | null): TaskExit {
  if (signal !== null) return { uid, signal, message: `ended by ${signal}` }
  return { uid, exitCode: code ?? 0, message: `exit code ${code}` }
}

function portOf(running: RunningTask, port: NonNullable<Probe['tcpSocket']>['port']): number {
  const found = running.ports.find(p =>
    typeof port === 'string' ? p.name === port : p.containerPort === port,
  )
  if (found === undefined) throw new Error(`the task has no port ${port}`)
  return found.hostPort
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
