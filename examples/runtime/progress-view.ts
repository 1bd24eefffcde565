import { Deployment, findCondition, isConditionTrue, Node, Task } from 'keelson/api'
import { rolloutStatus } from 'keelson/rollout'
import type { Client } from 'keelson/store'
import type { Paint } from './paint.js'

/** Shows nodes, tasks, revision and rollout progress while the story runs. */
export interface ProgressView {
  /** A line that stays. */
  say(line: string): void
  close(): void
}

/** Redraws in place on a terminal; elsewhere prints a line whenever the picture changes. */
export function showProgress(client: Client, out: NodeJS.WriteStream, paint: Paint): ProgressView {
  const terminal = out.isTTY === true
  let drawn = 0
  let last = ''
  const draw = (): void => {
    // A line that wraps would leave more rows behind than are erased.
    const lines = terminal
      ? picture(client).map(line => line.slice(0, out.columns))
      : [summary(client), ...waiting(client)]
    const text = lines.join('\n')
    if (text === last || text === '') return
    last = text
    erase()
    out.write(`${lines.map(paint).join('\n')}\n`)
    drawn = terminal ? lines.length : 0
  }
  const erase = (): void => {
    if (drawn > 0) out.write(`\u001b[${drawn}A\u001b[0J`)
    drawn = 0
  }
  const watches = [client.watch(Node), client.watch(Task), client.watch(Deployment)]
  for (const watch of watches) watch.on(draw)
  return {
    say(line) {
      erase()
      out.write(`${paint(line)}\n`)
      if (terminal) last = ''
      draw()
    },
    close() {
      for (const watch of watches) watch.close()
    },
  }
}

/** One line for each rollout. */
function summary(client: Client): string {
  return client.list(Deployment).items.map(progress).join('\n')
}

function progress(deployment: Deployment): string {
  const { rung, entry, updated, available, desired } = rolloutStatus(deployment)
  const counts = `${updated} updated, ${available} available of ${desired}`
  return `  ${deployment.metadata.name}: revision ${entry ?? '-'}, ${counts}, ${rung}`
}

/** The block for a terminal: one line per rollout, then one per node with its tasks. */
function picture(client: Client): string[] {
  const tasks = client.list(Task).items
  const nodes = client.list(Node).items.map(node => {
    const ready = findCondition(node.status?.conditions, 'Ready')?.status === 'True' ? '●' : '○'
    const own = tasks.filter(task => task.spec.nodeName === node.metadata.name).map(draw)
    return `  ${ready} ${node.metadata.name.padEnd(8)} ${own.join(' ')}`
  })
  return [summary(client), ...nodes, ...waiting(client)]
}

/** One line for each task that found no node, with the reason. */
function waiting(client: Client): string[] {
  return client.list(Task).items.flatMap(({ metadata, status }) => {
    const scheduled = findCondition(status?.conditions, 'Scheduled')
    return scheduled?.status === 'False' ? [`  ${metadata.name} waits: ${scheduled.message}`] : []
  })
}

/** A task in a few characters: its version, and whether it is ready, starting, leaving or gone. */
function draw(task: Task): string {
  const version = task.spec.env?.find(variable => variable.name === 'VERSION')?.value ?? 'task'
  if (task.metadata.deletionTimestamp !== undefined) return `${version}↓`
  if (task.status?.phase === 'Failed') return `${version}✗`
  return isConditionTrue(task.status?.conditions, 'Ready') ? `${version}✓` : `${version}…`
}
