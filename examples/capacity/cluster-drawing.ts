import type { Scheduler } from 'keelson/scheduling'

const [WIDTH, ROW, BAR, LEFT] = [760, 26, 280, 90]
const COLORS = ['#4e79a7', '#f28e2b', '#59a14f', '#e15759', '#76b7b2', '#edc948', '#b07aa1', '#9c755f']

/** Two clusters beside each other: a row for each node, as wide as its cpu, with its tasks. */
export function drawClusters(before: Scheduler, after: Scheduler): string {
  const names = [...new Set([...before.nodes(), ...after.nodes()].map(({ name }) => name))].sort()
  const most = Math.max(
    ...[...before.nodes(), ...after.nodes()].map(({ allocatable }) => allocatable['cpu'] ?? 0),
    1,
  )
  const apps = [...new Set([before, after].flatMap(appsOf))].sort()
  const height = 40 + names.length * ROW
  const draw = (scheduler: Scheduler, x: number): string =>
    names
      .map((name, row) => drawNode(scheduler, name, { x, y: 34 + row * ROW, scale: BAR / most, apps }))
      .join('')
  const labels = names.map((name, row) => text(8, 34 + row * ROW + 14, name)).join('')
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(LEFT, 20, 'cpu, now'),
    text(LEFT + BAR + 40, 20, 'cpu, with the nodes to buy'),
    labels,
    draw(before, LEFT),
    draw(after, LEFT + BAR + 40),
    '</svg>\n',
  ].join('\n')
}

interface Place {
  readonly x: number
  readonly y: number
  /** Pixels for each thousandth of a core. */
  readonly scale: number
  readonly apps: readonly string[]
}

function drawNode(scheduler: Scheduler, name: string, { x, y, scale, apps }: Place): string {
  const node = scheduler.node(name)
  if (node === undefined) return ''
  const width = (node.allocatable['cpu'] ?? 0) * scale
  let at = x
  const tasks = scheduler.tasksOn(name).map(({ key, group, requests = {} }) => {
    const own = (requests['cpu'] ?? 0) * scale
    const color = COLORS[apps.indexOf(group ?? key) % COLORS.length]
    const box = `<rect x="${at}" y="${y}" width="${own}" height="${ROW - 8}" fill="${color}" stroke="#fff"><title>${key}</title></rect>`
    at += own
    return box
  })
  return `<rect x="${x}" y="${y}" width="${width}" height="${ROW - 8}" fill="#eee" stroke="#999"/>${tasks.join('')}\n`
}

function appsOf(scheduler: Scheduler): readonly string[] {
  return scheduler
    .nodes()
    .flatMap(({ name }) => scheduler.tasksOn(name).map(({ group, key }) => group ?? key))
}

function text(x: number, y: number, words: string): string {
  return `<text x="${x}" y="${y}">${words}</text>`
}
