// A shop behind a real HAProxy: names are answered by our DNS server, virtual addresses are served by HAProxy, which
// follows the registry by commands. It is rolled to v2 and back under load; no request may fail. With --keep it then
// serves until Ctrl-C, so that the names can be asked for.
import { dirname, resolve } from 'node:path'
import { Deployment, isConditionTrue, isTaskFinished, Service, Task } from 'keelson/api'
import { isKeelsonError, systemEnv } from 'keelson/core'
import { waitUntil } from 'keelson/reconcile'
import { rolloutStatus } from 'keelson/rollout'
import type { Application } from '../manifests/load.js'
import { checkApplication, loadManifest } from '../manifests/load.js'
import { ManifestError } from '../manifests/manifest-error.js'
import { createHttpLoad } from '../runtime/http-load.js'
import { LoopbackError } from '../runtime/loopback.js'
import type { StepResult } from '../runtime/step-report.js'
import { reportSteps } from '../runtime/step-report.js'
import type { Shop } from './shop.js'
import { startShop } from './shop.js'

const STEP_TIMEOUT_MS = 30_000
const REQUESTS_WANTED = 2_100
const REQUESTS_PER_SECOND = 150

const env = systemEnv.fork('discovery')
try {
  const files = process.argv.slice(2).filter(word => word !== '--keep')
  const keep = process.argv.includes('--keep')
  process.exitCode = await tell(resolve(files[0] ?? 'examples/discovery/shop.yaml'), keep)
} catch (error) {
  if (![ManifestError, LoopbackError].some(known => error instanceof known) && !isKeelsonError(error))
    throw error
  process.stderr.write(`error: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  env.close()
}

async function tell(file: string, keep: boolean): Promise<number> {
  const application = loadManifest(file)
  await checkApplication(file, application)
  const ports = (application.service.spec.ports ?? []).map(({ port }) => port)
  const shop = await startShop(env, dirname(file), ports)
  try {
    const results = await rollUnderLoad(shop, application)
    showNames(shop, application)
    process.stdout.write(
      `HAProxy was loaded ${shop.haproxy.loads} times; everything else was done by commands\n`,
    )
    const code = reportSteps(results, { requests: 2_000, requestsPerSecond: 50 })
    if (keep) await new Promise(done => process.once('SIGINT', done).once('SIGTERM', done))
    return code
  } finally {
    await shop.close()
  }
}

async function rollUnderLoad(shop: Shop, application: Application): Promise<readonly StepResult[]> {
  const { client, dns } = shop
  const { name = '', namespace = 'default' } = application.deployment.metadata
  const ref = { namespace, name }
  const results: StepResult[] = []
  const load = createHttpLoad({
    env,
    hostname: `${application.service.metadata.name}.${namespace}.svc.cluster.local`,
    dns,
    dial: address => shop.dial(address, application.service.spec.ports?.[0]?.port ?? 80),
    requestsPerSecond: REQUESTS_PER_SECOND,
  })
  const step = async (
    title: string,
    versions: readonly string[],
    run: () => Promise<void>,
  ): Promise<void> => {
    const startedAt = env.clock.monotonic()
    load.expect(versions)
    await run()
    const seconds = (env.clock.monotonic() - startedAt) / 1000
    results.push({ name: title, planned: true, seconds, rescheduled: 0, load: await load.take() })
    process.stdout.write(`✓ ${title} in ${seconds.toFixed(1)} s\n`)
  }
  const roll = async (version: string): Promise<void> => {
    await client.modify(Deployment, ref, draft => {
      draft.spec.template.spec.env = [{ name: 'VERSION', value: version }]
    })
    await served(shop, ref, version)
  }
  await step('deploy v1', ['v1'], async () => {
    for (const service of [application.service, ...application.others]) await client.create(Service, service)
    await client.create(Deployment, application.deployment)
    await served(shop, ref, 'v1')
  })
  load.begin()
  try {
    let sent = 0
    for (let round = 0; sent < REQUESTS_WANTED; round++) {
      const [from, to] = round % 2 === 0 ? ['v1', 'v2'] : ['v2', 'v1']
      await step(`roll from ${from} to ${to}`, ['v1', 'v2'], () => roll(to as string))
      sent = results.reduce((sum, result) => sum + result.load.sent, 0)
    }
  } finally {
    await load.stop()
  }
  return results
}

/** Resolves when the version is rolled out, no old task is left, and HAProxy has acknowledged that. */
async function served(
  { client, registry }: Shop,
  ref: { namespace: string; name: string },
  version: string,
): Promise<void> {
  const isServed = (): boolean => {
    const deployment = client.get(Deployment, ref)
    const alive = client.list(Task, { namespace: ref.namespace }).items.filter(task => !isTaskFinished(task))
    const right = alive.filter(
      ({ spec, status }) =>
        spec.env?.some(({ value }) => value === version) === true &&
        isConditionTrue(status?.conditions, 'Ready'),
    )
    if (deployment === undefined || !rolloutStatus(deployment).done) return false
    return right.length === deployment.spec.replicas && alive.length === right.length
  }
  await waitUntil(client, [Deployment, Task], isServed, { timeoutMs: STEP_TIMEOUT_MS })
  await registry.waitForConsumers(registry.revision, { clock: env.clock, timeoutMs: STEP_TIMEOUT_MS })
}

/** What can be asked, and what is answered now. */
function showNames({ dns, registry }: Shop, { service, others }: Application): void {
  const ask = `dig @${dns.address} -p ${dns.port} +short`
  for (const { metadata, spec } of [service, ...others]) {
    const zone = `${metadata.name}.${metadata.namespace}.svc.cluster.local`
    const port = spec.ports?.[0]?.name
    const questions = [
      [zone, spec.mode === 'external' ? 'CNAME' : 'A'] as const,
      ...(port === undefined ? [] : [[`_${port}._tcp.${zone}`, 'SRV'] as const]),
    ]
    for (const [name, type] of questions) {
      const { rcode, answers } = registry.resolve({ name, type })
      process.stdout.write(`${ask} ${name} ${type}   # ${rcode}, ${answers.length} records\n`)
    }
  }
}
