import type { Probe, TaskPort } from 'keelson/api'
import type { Constraint } from 'keelson/core'
import { marathonConstraint } from 'keelson/core'
import { marathonRollout } from 'keelson/rollout'
import type { Application } from './load.js'
import type { FieldReader } from './manifest-error.js'
import { readFields } from './manifest-error.js'

const appFields = [
  'id',
  'cmd',
  'args',
  'cpus',
  'mem',
  'disk',
  'instances',
  'portDefinitions',
  'constraints',
  'healthChecks',
  'upgradeStrategy',
  'env',
  'labels',
]

/** One Marathon app. Its first port definition becomes port 80 of a service with the app's name. */
export function fromMarathon(problems: string[], app: Record<string, unknown>): Application {
  const reader = readFields(problems, app)
  reader.only('', appFields)
  const name = reader.text('id').replace(/^\//, '').replaceAll('/', '-')
  const metadata = { name, namespace: 'default' }
  const ports = reader.list('portDefinitions').map((port, index): TaskPort => {
    const name = typeof port.name === 'string' ? port.name : `port${index}`
    return { name, containerPort: Number(port.port ?? 0), protocol: port.protocol === 'udp' ? 'UDP' : 'TCP' }
  })
  const labels = { app: name }
  const instances = reader.number('instances', 1)
  return {
    deployment: {
      metadata,
      spec: {
        replicas: instances,
        selector: { matchLabels: labels },
        // Its bounds alone: Marathon answers no failure, and this orchestrator goes back by itself.
        strategy: marathonRollout((reader.optional('upgradeStrategy') ?? {}) as object, instances).strategy,
        template: {
          metadata: { labels },
          spec: {
            // Marathon hands `cmd` to a shell; `exec` makes the shell become the command, so that signals reach it.
            command: ['/bin/sh', '-c', `exec ${reader.text('cmd')}`],
            env: Object.entries(app.env ?? {}).map(([key, value]) => ({ name: key, value: String(value) })),
            ports,
            resources: {
              requests: { cpu: reader.number('cpus', 1), memory: `${reader.number('mem', 128)}Mi` },
            },
            constraints: constraintsOf(problems, app['constraints'] ?? []),
            ...healthChecks(reader, ports),
          },
        },
      },
    },
    others: [],
    service: {
      metadata,
      spec: { selector: labels, ports: [{ port: 80, name: 'http', targetPort: ports[0]?.name ?? 'port0' }] },
    },
  }
}

/** Triples of field, operator and value, such as `["hostname", "UNIQUE"]`. */
function constraintsOf(problems: string[], given: unknown): readonly Constraint[] {
  if (!Array.isArray(given)) {
    problems.push('constraints must be a list')
    return []
  }
  return given.flatMap((triple: Parameters<typeof marathonConstraint>[0], index) => {
    try {
      return [marathonConstraint(triple)]
    } catch (error) {
      problems.push(`constraints.${index} ${(error as Error).message}`)
      return []
    }
  })
}

/** Marathon's health check decides both who gets traffic and who is killed. */
function healthChecks(
  reader: FieldReader,
  ports: readonly TaskPort[],
): { readinessProbe?: Probe; livenessProbe?: Probe } {
  const [check] = reader.list('healthChecks')
  if (check === undefined) return {}
  const path = check.path === undefined ? '/' : reader.text('healthChecks.0.path')
  const port = ports[Number(check.portIndex ?? 0)]?.name ?? 'port0'
  const action = check.protocol === 'TCP' ? { tcpSocket: { port } } : { httpGet: { path, port } }
  const probe: Probe = {
    ...action,
    periodSeconds: Number(check.intervalSeconds ?? 60),
    timeoutSeconds: Number(check.timeoutSeconds ?? 20),
  }
  const failureThreshold = Number(check.maxConsecutiveFailures ?? 3)
  const graceSeconds = Number(check.gracePeriodSeconds ?? 300)
  return {
    readinessProbe: { ...probe, failureThreshold: 1 },
    livenessProbe: { ...probe, failureThreshold: failureThreshold + 1, initialDelaySeconds: graceSeconds },
  }
}
