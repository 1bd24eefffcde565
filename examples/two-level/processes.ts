import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { AgentDriver, AgentHandle, LaunchSpec, ResourceSet } from 'keelson/offers'

/** What a task of this example runs. */
export interface Program {
  readonly command: readonly string[]
  readonly directory: string
  readonly env?: Readonly<Record<string, string>>
}

/** A driver that runs tasks as processes of this machine, and reports what becomes of them. */
export class ProcessDriver implements AgentDriver {
  readonly #agents = new Map<string, { readonly handle: AgentHandle; readonly address: string }>()
  readonly #children = new Map<string, { readonly child: ChildProcess; readonly agent: string }>()

  /** @param address the loopback address on which the agent's tasks listen */
  add(handle: AgentHandle, address: string): void {
    this.#agents.set(handle.id, { handle, address })
  }

  async launch(agent: string, task: LaunchSpec, take: ResourceSet, framework: string): Promise<void> {
    const { command, directory, env = {} } = task.data as Program
    const { handle, address } = this.#agents.get(agent)!
    const [port] = [...take].flatMap(({ name, value }) =>
      name === 'ports' ? (value as [number, number][]) : [],
    )
    const variables = {
      PATH: process.env.PATH,
      HOST: address,
      ...(port && { PORT: String(port[0]) }),
      ...env,
    }
    const [file, ...args] = command as [string, ...string[]]
    const child = spawn(file, args, { cwd: directory, env: variables, stdio: 'ignore', detached: true })
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    this.#children.set(task.id, { child, agent })
    handle.report(framework, {
      task: task.id,
      state: 'running',
      message: port ? `${address}:${port[0]}` : '',
    })
    child.once('exit', (code, signal) => {
      this.#children.delete(task.id)
      const state = signal !== null ? 'killed' : code === 0 ? 'finished' : 'failed'
      handle.report(framework, { task: task.id, state, message: `exit code ${code}, signal ${signal}` })
    })
  }

  async kill(_agent: string, task: string, graceMs: number): Promise<void> {
    const child = this.#children.get(task)?.child
    if (child === undefined) return
    signalGroup(child, 'SIGTERM')
    setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs).unref()
  }

  /** Process ids by task. */
  pids(): ReadonlyMap<string, number | undefined> {
    return new Map([...this.#children].map(([task, { child }]) => [task, child.pid]))
  }

  /** Kills whatever runs on a node, as when its machine fails; which tasks that were. */
  killNode(node: string): readonly string[] {
    const here = [...this.#children].filter(([, { agent }]) => agent === node)
    for (const [, { child }] of here) signalGroup(child, 'SIGKILL')
    return here.map(([task]) => task)
  }

  /** Ends every process; resolves when all are gone. */
  async killAll(): Promise<void> {
    const all = [...this.#children.values()].map(({ child }) => child)
    const gone = all.map(child => new Promise(resolve => child.once('exit', resolve)))
    for (const child of all) signalGroup(child, 'SIGKILL')
    await Promise.all(gone)
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid, signal)
}
