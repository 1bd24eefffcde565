import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import type { EnvironmentService, MarathonPort } from '../../src/discovery/render/index.js'
import {
  formatHaproxy,
  haproxyOfMarathon,
  kubernetesVariables,
  marathonCookie,
  marathonServerId,
  marathonVariables,
  planHaproxy,
  variableName,
} from '../../src/discovery/render/index.js'
import type { Case } from './discovery-case.js'

export function checkEnvironment({ input, expect: wanted }: Case): void {
  if (!Array.isArray(input)) {
    const { variables, collisions } = kubernetesVariables([input as EnvironmentService])
    expect([variables, collisions]).toEqual([wanted, []])
  } else if (typeof input[0] === 'string') {
    expect((input as readonly string[]).map(variableName)).toEqual(wanted)
  } else {
    const { variables, collisions } = marathonVariables(input as readonly MarathonPort[])
    expect([variables, collisions]).toEqual([wanted, []])
  }
}

/** Numbers in turn; where the case says that the names have one hash, each must evade those before it. */
export function checkServerIds({ input, expect: wanted }: Case): void {
  const taken = new Set<number>()
  const ids = (input as readonly string[]).map(name => {
    const id = marathonServerId(name, taken)
    taken.add(id)
    return id
  })
  expect(ids).toEqual(wanted)
}

/** What the configuration of one app calls its parts. */
export function checkNames(example: Case): void {
  const given = /app (\S+) service port (\d+), host (\S+), task ip ([\d.]+):(\d+)/.exec(example.given ?? '')
  const [, id = '', servicePort, host = '', ip = '', port] = given ?? []
  const textOf = (from: string, draining: boolean, failures = 3): string => {
    const tasks = [{ id: 't', host: from, ip, ports: [Number(port)], draining }]
    const healthChecks = [{ protocol: 'TCP', maxConsecutiveFailures: failures } as const]
    const apps = [{ id, labels: {}, servicePorts: [Number(servicePort)], tasks, healthChecks }]
    return formatHaproxy(planHaproxy(undefined, haproxyOfMarathon(apps)).config)
  }
  const serverOf = (text: string): string => /^ {2}server .*$/m.exec(text)?.[0]?.trim() ?? ''
  const plain = textOf(host, false)
  const name = serverOf(plain).split(' ')[1] ?? ''
  const answers: Readonly<Record<string, (wanted: string) => void>> = {
    backend: wanted => expect(/^backend (.*)$/m.exec(plain)?.[1]).toBe(wanted),
    server: wanted => expect(name).toBe(wanted),
    'server when host == ip': wanted => expect(serverOf(textOf(ip, false)).split(' ')[1]).toBe(wanted),
    cookie: () =>
      expect(marathonCookie(name)).toBe(createHash('sha1').update(name).digest('hex').slice(0, 10)),
    draining: wanted =>
      expect(serverOf(textOf(host, true)).endsWith(/"(.*)"/.exec(wanted)?.[1] ?? '-')).toBe(true),
    'health fall for maxConsecutiveFailures 3': wanted => expect(serverOf(plain)).toContain(wanted),
  }
  const wanted = example.expect as readonly string[]
  for (const [i, what] of (example.input as readonly string[]).entries()) {
    const check = answers[what]
    if (check === undefined) throw new Error(`no runner knows the name of ${what}`)
    check(wanted[i] ?? '')
  }
}
