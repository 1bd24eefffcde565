import type { Kind, ObjectInput } from 'keelson/store'
import { defineKind } from 'keelson/store'

/** A pod's spec as far as the benchmarks use it. */
export interface PodSpec {
  readonly nodeName: string
  readonly priority: number
  readonly restartPolicy: string
  readonly serviceAccountName: string
  readonly terminationGracePeriodSeconds: number
  readonly containers: readonly {
    readonly name: string
    readonly image: string
    readonly command: readonly string[]
    readonly env: readonly { readonly name: string; readonly value: string }[]
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
    readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>
  }[]
  readonly tolerations: readonly {
    readonly key: string
    readonly operator: string
    readonly effect: string
    readonly tolerationSeconds: number
  }[]
}

const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const texts = { type: 'object', additionalProperties: text } as const

function closed(properties: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { type: 'object', required: Object.keys(properties), additionalProperties: false, properties }
}

/** Schema of every field, four labels, one index: what the targets speak of. */
export const Pod: Kind<PodSpec> = defineKind<PodSpec>({
  apiVersion: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  schema: {
    required: ['spec'],
    properties: {
      spec: closed({
        nodeName: text,
        priority: count,
        restartPolicy: { enum: ['Always', 'OnFailure', 'Never'] },
        serviceAccountName: text,
        terminationGracePeriodSeconds: count,
        containers: {
          type: 'array',
          minItems: 1,
          items: closed({
            name: text,
            image: text,
            command: { type: 'array', items: text },
            env: { type: 'array', items: closed({ name: text, value: text }) },
            ports: {
              type: 'array',
              items: closed({ name: text, containerPort: { ...count, maximum: 65_535 } }),
            },
            resources: closed({ requests: texts, limits: texts }),
          }),
        },
        tolerations: {
          type: 'array',
          items: closed({ key: text, operator: text, effect: text, tolerationSeconds: count }),
        },
      }),
    },
  },
  indexes: { node: pod => pod.spec.nodeName },
})

/** How many namespaces the pods are in. */
export const NAMESPACES = 100
/** How many pods have the same `app` label. */
export const PODS_PER_APP = 200

/** Namespace and name of the pod with that number. */
export function podRef(index: number): { readonly namespace: string; readonly name: string } {
  return { namespace: `team-${index % NAMESPACES}`, name: `web-${podHash(index)}` }
}

/** The `app` label of the pod with that number. */
export function appOf(index: number): string {
  return `app-${Math.floor(index / PODS_PER_APP)}`
}

/** A fresh mutable pod of 1.2 KB in JSON; nothing in it is shared with another one. */
export function makePod(index: number): ObjectInput<PodSpec> {
  const { namespace, name } = podRef(index)
  const app = appOf(index)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { app, tier: index % 2 === 0 ? 'front' : 'back', zone: `zone-${index % 3}`, track: 'stable' },
      annotations: { 'example.com/config-hash': podHash(index ^ 0x5eed) + podHash(index) },
    },
    spec: {
      nodeName: `node-${index % 1_000}`,
      priority: index % 10,
      restartPolicy: 'Always',
      serviceAccountName: 'web',
      terminationGracePeriodSeconds: 30,
      containers: [
        {
          name: 'main',
          image: `registry.example.com/shop/${app}:v1.${index % 20}.0`,
          command: ['/bin/server', '--listen=:8080', '--log-level=info'],
          env: [
            { name: 'POD_NAME', value: name },
            { name: 'DATABASE_URL', value: 'postgres://db.shop.svc.cluster.local:5432/orders' },
            { name: 'CACHE_URL', value: 'redis://cache.shop.svc.cluster.local:6379/0' },
            { name: 'FEATURES', value: 'checkout,search,recommendations' },
          ],
          ports: [
            { name: 'http', containerPort: 8_080 },
            { name: 'metrics', containerPort: 9_090 },
          ],
          resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: '1', memory: '512Mi' } },
        },
      ],
      tolerations: [
        { key: 'node/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
    },
  }
}

/** Scatters numbers, so that names do not arrive in their order. */
function podHash(index: number): string {
  return (Math.imul(index + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
}
