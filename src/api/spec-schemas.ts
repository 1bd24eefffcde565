import type { JsonSchema } from '../store/index.js'

type Properties = Readonly<Record<string, JsonSchema>>

export const text: JsonSchema = { type: 'string' }
export const flag: JsonSchema = { type: 'boolean' }
export const count: JsonSchema = { type: 'integer', minimum: 0 }

/** Replicas of anything, slots of a set and tasks of a job in slots, at most. */
export const REPLICAS_MAX = 100_000
export const replicas: JsonSchema = { type: 'integer', minimum: 0, maximum: REPLICAS_MAX }
export const time: JsonSchema = { type: 'string', minLength: 20 }
export const port: JsonSchema = { type: 'integer', minimum: 1, maximum: 65535 }
export const texts: JsonSchema = { type: 'array', items: text }
export const textMap: JsonSchema = { type: 'object', additionalProperties: text }
export const countOrPercent: JsonSchema = { anyOf: [count, { type: 'string', pattern: '^[0-9]+%$' }] }
export const label: JsonSchema = { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' }
export const NAME_LABEL_PATTERN = '^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$'
const nameLabel: JsonSchema = { type: 'string', pattern: NAME_LABEL_PATTERN }
const portOrName: JsonSchema = { anyOf: [port, { type: 'string', minLength: 1, maxLength: 63 }] }
export const protocol: JsonSchema = { enum: ['TCP', 'UDP'] }

/**
 * A closed object: unknown properties are refused, which is how a typo is caught. Bundlers leave out what is made with it and
 * not used.
 */
/* @__NO_SIDE_EFFECTS__ */
export function closed(properties: Properties, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false }
}

/* @__NO_SIDE_EFFECTS__ */
export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items }
}

/** Of these properties it has exactly one. */
/* @__NO_SIDE_EFFECTS__ */
function withOneOf(schema: JsonSchema, names: readonly string[]): JsonSchema {
  return { ...schema, oneOf: names.map(name => ({ required: [name] })) }
}

/** The schema of a kind: its spec is checked, and its status where the loops of others read it. */
/* @__NO_SIDE_EFFECTS__ */
export function objectSchema(spec: JsonSchema, status?: JsonSchema): JsonSchema {
  const properties = status === undefined ? { spec } : { spec, status }
  return { type: 'object', properties, required: ['spec'] }
}

export const quantities: JsonSchema = {
  type: 'object',
  additionalProperties: {
    anyOf: [
      { type: 'number', minimum: 0 },
      { type: 'string', minLength: 1 },
    ],
  },
}

export const selector: JsonSchema = closed({
  matchLabels: textMap,
  matchExpressions: list(
    closed({ key: text, operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist'] }, values: texts }, [
      'key',
      'operator',
    ]),
  ),
})

const probe: JsonSchema = withOneOf(
  closed({
    httpGet: closed({ path: text, port: portOrName }, ['path', 'port']),
    tcpSocket: closed({ port: portOrName }, ['port']),
    grpc: closed({ port: portOrName, service: { type: 'string' } }, ['port']),
    exec: closed({ command: texts }, ['command']),
    initialDelaySeconds: count,
    periodSeconds: { type: 'number', exclusiveMinimum: 0 },
    timeoutSeconds: { type: 'number', exclusiveMinimum: 0 },
    successThreshold: { type: 'integer', minimum: 1 },
    failureThreshold: { type: 'integer', minimum: 1 },
  }),
  ['httpGet', 'tcpSocket', 'grpc', 'exec'],
)

const effect: JsonSchema = { enum: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] }

const nodeExpressions: JsonSchema = list(
  closed(
    { key: text, operator: { enum: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] }, values: texts },
    ['key', 'operator'],
  ),
)
const nodeFields: JsonSchema = list(
  closed({ key: { enum: ['metadata.name'] }, operator: { enum: ['In', 'NotIn'] }, values: texts }, [
    'key',
    'operator',
    'values',
  ]),
)
const attribute: JsonSchema = { type: 'string', minLength: 1 }
export const share: JsonSchema = { type: 'number', exclusiveMinimum: 0, maximum: 1 }
export const positive: JsonSchema = { type: 'integer', minimum: 1 }

export const taskSpecSchema: JsonSchema = closed({
  nodeName: { type: 'string', minLength: 1 },
  hostname: label,
  image: text,
  command: texts,
  args: texts,
  env: list(closed({ name: { type: 'string', minLength: 1 }, value: text }, ['name', 'value'])),
  ports: list(
    closed(
      {
        name: { type: 'string', minLength: 1, maxLength: 63 },
        containerPort: { type: 'integer', minimum: 0, maximum: 65535 },
        protocol,
        hostPort: port,
        hostPortRange: closed({ first: port, last: port }, ['first', 'last']),
      },
      ['containerPort'],
    ),
  ),
  resources: closed({ requests: quantities, limits: quantities }),
  startupProbe: probe,
  readinessProbe: probe,
  livenessProbe: probe,
  nodeSelector: textMap,
  tolerations: list(
    closed({
      key: text,
      operator: { enum: ['Equal', 'Exists'] },
      value: text,
      effect,
      tolerationSeconds: count,
    }),
  ),
  constraints: list({ type: 'object' }),
  nodePreferences: list(
    closed(
      {
        weight: { type: 'integer', minimum: -100, maximum: 100 },
        matchExpressions: nodeExpressions,
        matchFields: nodeFields,
      },
      ['weight'],
    ),
  ),
  platforms: list(closed({ os: text, arch: text })),
  affinity: list(
    closed(
      {
        kind: { enum: ['affinity', 'antiAffinity'] },
        attribute,
        labelSelector: selector,
        namespaces: texts,
        weight: { type: 'integer', minimum: 1, maximum: 100 },
      },
      ['kind', 'attribute'],
    ),
  ),
  spread: list(
    closed(
      {
        attribute,
        maxSkew: positive,
        whenUnsatisfiable: { enum: ['DoNotSchedule', 'ScheduleAnyway'] },
        minDomains: positive,
        labelSelector: selector,
        nodeAffinityPolicy: { enum: ['Honor', 'Ignore'] },
        nodeTaintsPolicy: { enum: ['Honor', 'Ignore'] },
        matchLabelKeys: texts,
        weight: { type: 'integer', minimum: 1, maximum: 100 },
        within: { type: 'array', items: attribute, maxItems: 8 },
        targets: { type: 'object', additionalProperties: { type: 'number', minimum: 0, maximum: 100 } },
      },
      ['attribute'],
    ),
  ),
  priority: { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 },
  priorityClassName: { type: 'string', minLength: 1, maxLength: 253 },
  preemptionPolicy: { enum: ['PreemptLowerPriority', 'Never'] },
  schedulingGates: list(closed({ name: { type: 'string', minLength: 1, maxLength: 253 } }, ['name'])),
  schedulerName: { type: 'string', minLength: 1, maxLength: 253 },
  group: { type: 'string', minLength: 1, maxLength: 253 },
  devices: list(
    closed(
      {
        kind: { type: 'string', minLength: 1, maxLength: 253 },
        count: { type: 'integer', minimum: 1, maximum: 1000 },
        share,
        constraints: list({ type: 'object' }),
      },
      ['kind'],
    ),
  ),
  volumes: list(
    closed(
      {
        name: { type: 'string', minLength: 1, maxLength: 253 },
        driver: { type: 'string', minLength: 1, maxLength: 253 },
        access: { enum: ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany'] },
        topology: list(closed({ matchExpressions: nodeExpressions, matchFields: nodeFields })),
      },
      ['name'],
    ),
  ),
  assignedDevices: list(closed({ kind: text, ids: texts, share }, ['kind', 'ids'])),
  gang: closed({ name: { type: 'string', minLength: 1, maxLength: 253 }, minMembers: positive }, [
    'name',
    'minMembers',
  ]),
  terminationGracePeriodSeconds: count,
  replaceWhenLost: { type: 'boolean' },
})

export const template: JsonSchema = closed(
  { metadata: closed({ labels: textMap, annotations: textMap }), spec: taskSpecSchema },
  ['spec'],
)

export const nodeSpecSchema: JsonSchema = closed({
  unschedulable: flag,
  drain: closed({ gracePeriodSeconds: count }),
  taints: list(closed({ key: text, value: text, effect, timeAdded: time }, ['key', 'effect'])),
})

export const replicaSetSpecSchema: JsonSchema = closed(
  { replicas, selector, template, minReadySeconds: count },
  ['replicas', 'selector', 'template'],
)

export const revisionSpecSchema: JsonSchema = closed(
  {
    number: { type: 'integer', minimum: 1 },
    templateHash: text,
    template,
    cause: { enum: ['update', 'undo', 'revert'] },
    from: { type: 'integer', minimum: 1 },
    settings: { type: 'object' },
  },
  ['number', 'templateHash', 'template', 'cause'],
)

export const serviceSpecSchema: JsonSchema = closed({
  selector: textMap,
  ports: list(
    closed(
      { name: text, port, targetPort: portOrName, protocol, nodePort: { anyOf: [{ const: 0 }, port] } },
      ['port'],
    ),
  ),
  ttlSeconds: { type: 'integer', minimum: 0, maximum: 86400 },
  aliases: { type: 'array', items: label, maxItems: 64 },
  networks: { type: 'array', items: label, maxItems: 64 },
  families: { type: 'array', items: { enum: ['IPv4', 'IPv6'] }, minItems: 1, uniqueItems: true },
  addressPool: { type: 'string', minLength: 1 },
  balance: {
    enum: [
      'round-robin',
      'least-connections',
      'random',
      'power-of-two',
      'peak-ewma',
      'ring-hash',
      'maglev',
      'rendezvous',
    ],
  },
  slowStartSeconds: { type: 'number', minimum: 0 },
  sessionAffinity: { enum: ['None', 'ClientIP'] },
  sessionAffinityTimeoutSeconds: { type: 'integer', minimum: 1, maximum: 86400 },
  internalTrafficPolicy: { enum: ['Cluster', 'Local'] },
  trafficDistribution: { enum: ['PreferSameNode', 'PreferSameZone', 'PreferClose'] },
  mode: { enum: ['vip', 'headless', 'external'] },
  clusterIPs: texts,
  externalName: text,
  publishNotReadyAddresses: flag,
  backends: list(closed({ template: text, weight: { type: 'number', minimum: 0 } }, ['template', 'weight'])),
})

export const endpointSliceSpecSchema: JsonSchema = closed(
  {
    serviceName: nameLabel,
    addressType: { enum: ['IPv4', 'IPv6'] },
    endpoints: {
      type: 'array',
      maxItems: 1000,
      items: closed(
        {
          id: { type: 'string', minLength: 1 },
          addresses: { type: 'array', items: text, maxItems: 16 },
          ports: { type: 'object', additionalProperties: port },
          conditions: closed({ ready: flag, serving: flag, terminating: flag }, [
            'ready',
            'serving',
            'terminating',
          ]),
          hostname: nameLabel,
          nodeName: text,
          zone: text,
          template: text,
          weight: { type: 'number', minimum: 0 },
          drainDeadlineMs: { type: 'number', minimum: 0 },
          labels: textMap,
        },
        ['id', 'addresses', 'ports', 'conditions'],
      ),
    },
  },
  ['serviceName', 'addressType', 'endpoints'],
)

export const addressClaimSpecSchema: JsonSchema = closed(
  {
    pool: text,
    owner: closed({ kind: text, namespace: text, name: text, uid: text }, ['kind', 'name', 'uid']),
    port: closed({ name: { type: 'string' }, protocol, number: port }, ['name', 'protocol', 'number']),
    releasedTime: time,
  },
  ['pool', 'owner'],
)

export const trafficConsumerSpecSchema: JsonSchema = closed(
  { holderIdentity: text, acknowledgedRevision: count, renewTime: time },
  ['holderIdentity', 'acknowledgedRevision', 'renewTime'],
)

export const leaseSpecSchema: JsonSchema = closed({
  holderIdentity: text,
  leaseDurationSeconds: { type: 'number', exclusiveMinimum: 0 },
  acquireTime: time,
  renewTime: time,
  leaseTransitions: count,
  preferredHolder: text,
})

export const eventSpecSchema: JsonSchema = closed(
  {
    regarding: closed({ apiVersion: text, kind: text, namespace: text, name: text, uid: text }, [
      'apiVersion',
      'kind',
      'name',
    ]),
    type: { enum: ['Normal', 'Warning'] },
    reason: text,
    note: text,
    reportingController: text,
    count: { type: 'integer', minimum: 1 },
    firstTime: time,
    lastTime: time,
  },
  ['regarding', 'type', 'reason', 'note', 'reportingController', 'count', 'firstTime', 'lastTime'],
)
