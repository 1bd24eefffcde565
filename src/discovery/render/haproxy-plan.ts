import { canonicalJson } from '../../core/internal.js'
import type { HaproxyBackend, HaproxyConfig, HaproxyServer } from './haproxy-config.js'

/** A backend whose servers have slots: names that stay while endpoints come and go. */
export interface PlacedBackend extends Omit<HaproxyBackend, 'servers'> {
  /** `s1`, `s2` and so on; an empty slot is a server in maintenance. */
  readonly slots: readonly (HaproxyServer | undefined)[]
}

/** A configuration in which every server has its place: what a running HAProxy should hold. */
export interface PlacedConfig extends Omit<HaproxyConfig, 'backends'> {
  readonly backends: readonly PlacedBackend[]
}

/** How to get from what runs to what should. */
export interface HaproxyPlan {
  /** What runs when the plan was carried out; what `formatHaproxy` writes. */
  readonly config: PlacedConfig
  /** Commands for the admin socket, in order. Empty with `reload`. */
  readonly runtime: readonly string[]
  /** True when only a new process can hold the configuration: another structure, or more servers than slots. */
  readonly reload: boolean
}

/** Slots of a backend at least, so that a rollout needs no reload. */
const SLOTS_MIN = 16

/**
 * Decides how a running HAProxy comes to hold the next configuration. Endpoints that stay keep their slots, new ones take
 * empty slots, and all of that is done by commands, those that add before those that take away; only another structure
 * or a lack of slots asks for a reload. Without `old` a process has to be started.
 */
export function planHaproxy(old: PlacedConfig | undefined, next: HaproxyConfig): HaproxyPlan {
  const before = new Map(old?.backends.map(backend => [backend.name, backend]))
  const backends = next.backends.map(backend => place(before.get(backend.name), backend))
  const config: PlacedConfig = {
    global: next.global,
    defaults: next.defaults,
    frontends: next.frontends,
    backends,
  }
  if (old === undefined || structureOf(old) !== structureOf(config))
    return { config, runtime: [], reload: true }
  const commands = backends.flatMap(backend => commandsOf(before.get(backend.name), backend))
  const first = commands.filter(({ adds }) => adds)
  const then = commands.filter(({ adds }) => !adds)
  return { config, runtime: [...first, ...then].map(({ text }) => text), reload: false }
}

/** The name of a place in its backend. */
export function slotName(server: HaproxyServer | undefined, index: number): string {
  return server?.name ?? `s${index + 1}`
}

function place(before: PlacedBackend | undefined, { servers, ...rest }: HaproxyBackend): PlacedBackend {
  if (servers.some(({ name }) => name !== undefined)) return { ...rest, slots: servers }
  const old = before?.slots ?? []
  const fits = old.length > 0 && servers.length <= old.length
  const size = fits ? old.length : powerOfTwo(servers.length)
  const slots = Array.from({ length: size }, (): HaproxyServer | undefined => undefined)
  const wanted = new Map(servers.map(server => [server.id, server]))
  for (const [index, server] of old.entries()) {
    const kept = server === undefined ? undefined : wanted.get(server.id)
    if (kept === undefined) continue
    slots[index] = kept
    wanted.delete(kept.id)
  }
  const empty = slots.flatMap((server, index) => (server === undefined ? [index] : []))
  // Places that were empty before come first: those that become empty now may have connections left.
  empty.sort((a, b) => Number(old[a] !== undefined) - Number(old[b] !== undefined) || a - b)
  for (const [n, server] of [...wanted.values()].entries()) slots[empty[n] as number] = server
  return { ...rest, slots }
}

function powerOfTwo(count: number): number {
  let size = SLOTS_MIN
  while (size < count) size *= 2
  return size
}

/** All that no command can change. */
function structureOf(config: PlacedConfig): string {
  const backends = config.backends.map(({ slots, ...rest }) => {
    const places = slots.map((server, index) => {
      const { name, options = '', puid = 0, address = '', port = 0 } = server ?? {}
      return name === undefined
        ? `${slotName(server, index)} ${options}`
        : [name, options, puid, address, port]
    })
    return { ...rest, places }
  })
  return canonicalJson({ ...config, backends })
}

interface Command {
  readonly text: string
  /** Gives traffic to somebody. */
  readonly adds: boolean
}

function commandsOf(before: PlacedBackend | undefined, after: PlacedBackend): readonly Command[] {
  return after.slots.flatMap((server, index): readonly Command[] => {
    const old = before?.slots[index]
    const target = `${after.name}/${slotName(server ?? old, index)}`
    const set = (rest: string, adds: boolean): Command => ({ text: `set server ${target} ${rest}`, adds })
    if (server === undefined) return old === undefined ? [] : [set('state maint', false)]
    const adds = server.weight > (old?.weight ?? 0) && server.disabled !== true
    const isMoved = old?.address !== server.address || old.port !== server.port
    const isOn = old !== undefined && old.disabled !== true
    const commands: Command[] = []
    if (old !== undefined && isMoved) commands.push(set('state maint', adds))
    if (isMoved) commands.push(set(`addr ${server.address} port ${server.port}`, adds))
    if (old?.weight !== server.weight || isMoved) commands.push(set(`weight ${server.weight}`, adds))
    if (server.disabled === true) return isOn ? [...commands, set('state maint', false)] : commands
    return isOn && !isMoved ? commands : [...commands, set('state ready', adds)]
  })
}
