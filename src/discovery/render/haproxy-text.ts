import type { HaproxyServer } from './haproxy-config.js'
import type { PlacedBackend, PlacedConfig } from './haproxy-plan.js'
import { slotName } from './haproxy-plan.js'
import { hostPort } from './host-port.js'

/** Stands for no address; nothing is sent there, since the server is disabled. */
const NOWHERE = '127.0.0.1:1 disabled'

/** A configuration as HAProxy 2.4 and later read it. Equal configurations give equal text. */
export function formatHaproxy(config: PlacedConfig): string {
  const sections = [
    section('global', config.global),
    section('defaults', config.defaults),
    ...config.frontends.map(({ name, mode, binds, lines, defaultBackend }) =>
      section(`frontend ${name}`, [
        `mode ${mode}`,
        ...binds.map(bind => `bind ${bind}`),
        ...lines,
        ...(defaultBackend === undefined ? [] : [`default_backend ${defaultBackend}`]),
      ]),
    ),
    ...config.backends.map(backend =>
      section(`backend ${backend.name}`, [
        `mode ${backend.mode}`,
        `balance ${backend.balance}`,
        ...backend.lines,
        ...serverLines(backend),
      ]),
    ),
  ]
  return `${sections.join('\n\n')}\n`
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map(line => `  ${line}`)].join('\n')
}

/** A line for each server; empty slots that are neighbours share one. */
function serverLines({ slots }: PlacedBackend): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < slots.length; at++) {
    const server = slots[at]
    if (server !== undefined) {
      lines.push(serverLine(server, at))
      continue
    }
    const from = at
    while (at + 1 < slots.length && slots[at + 1] === undefined) at++
    lines.push(`server-template s ${from + 1}-${at + 1} ${NOWHERE}`)
  }
  return lines
}

function serverLine(server: HaproxyServer, index: number): string {
  const { address, port, weight, puid, options, disabled } = server
  return [
    `server ${slotName(server, index)} ${hostPort({ host: address, port })}`,
    ...(puid === undefined ? [] : [`id ${puid}`]),
    `weight ${weight}`,
    ...(options === undefined ? [] : [options]),
    ...(disabled === true ? ['disabled'] : []),
  ].join(' ')
}
