// A canary under load, with real processes behind the VIP proxy: v2 gets a tenth of the traffic, its error rate is
// measured, a release manager approves it, and it is rolled out. v3 answers 500 to one request in five: the analysis fails,
// and it is aborted. Exits 0 only if v3 never got more than its share, no request was lost, and the ledger says who
// approved what and why.
import { dirname, resolve } from 'node:path'
import { Deployment, Service } from 'keelson/api'
import { isKeelsonError, systemEnv } from 'keelson/core'
import { createTrafficAck } from 'keelson/discovery'
import { waitUntil } from 'keelson/reconcile'
import type { GateRunner } from 'keelson/rollout'
import { actOnRollout, describeRollout, history, rolloutStatus } from 'keelson/rollout'
import type { Application } from '../manifests/load.js'
import { checkApplication, loadManifest } from '../manifests/load.js'
import { ManifestError } from '../manifests/manifest-error.js'
import type { Cluster } from '../quickstart/cluster.js'
import { startCluster } from '../quickstart/cluster.js'
import { LoopbackError } from '../runtime/loopback.js'
import type { VersionLoad } from './version-load.js'
import { createVersionLoad } from './version-load.js'

const STEP_TIMEOUT_MS = 40_000
const REQUESTS_PER_SECOND = 150
/** Answers of the new version that an analysis looks at, and the share of errors that it accepts. */
const SAMPLES = 60
const ERRORS_MAX = 0.05
/** Of so many answers in a row the new version must not have had more than its tenth, and 2 % for chance. */
const WINDOW = 300
const SHARE_MAX = 0.12

const env = systemEnv.fork('canary')
try {
  process.exitCode = await main(resolve(process.argv[2] ?? 'examples/canary/rollout.yaml'))
} catch (error) {
  if (![ManifestError, LoopbackError].some(known => error instanceof known) && !isKeelsonError(error))
    throw error
  process.stderr.write(`error: ${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  env.close()
}

async function main(file: string): Promise<number> {
  const application = loadManifest(file)
  await checkApplication(file, application)
  const ports = (application.service.spec.ports ?? []).map(({ port }) => port)
  let load: VersionLoad | undefined
  const cluster = await startCluster(env, {
    nodes: ['node-a', 'node-b'],
    directory: dirname(file),
    servicePorts: ports,
    rollout: registry => ({
      gates: { 'error-rate': errorRate(() => load) },
      traffic: { ack: createTrafficAck(registry, { clock: env.clock }) },
    }),
  })
  try {
    const { name = '', namespace = 'default' } = application.service.metadata
    load = createVersionLoad(env, REQUESTS_PER_SECOND, () => {
      const vip = cluster.client.get(Service, { name, namespace })?.spec.clusterIPs?.[0] ?? ''
      return cluster.dial(vip, ports[0] ?? 80)
    })
    return await tell(cluster, application, load)
  } finally {
    await load?.stop()
    await cluster.close()
  }
}

/** Waits until enough was measured, and then says what the new version's error rate is. */
function errorRate(load: () => VersionLoad | undefined): GateRunner {
  return ({ template }) => {
    const version = template.spec.env?.find(({ name }) => name === 'VERSION')?.value ?? ''
    const { count = 0, errors = 0 } = load()?.answersOf(version) ?? {}
    if (count < SAMPLES) return { answer: 'wait', afterMs: 200 }
    const reason = `${errors} of ${count} answers of ${version} were errors`
    return { answer: errors / count > ERRORS_MAX ? 'fail' : 'pass', reason }
  }
}

async function tell(cluster: Cluster, application: Application, load: VersionLoad): Promise<number> {
  const { client } = cluster
  const { name = '', namespace = 'default' } = application.deployment.metadata
  const ref = { namespace, name }
  const deployment = (): Deployment => client.get(Deployment, ref) as Deployment
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    await waitUntil(client, [Deployment], () => client.get(Deployment, ref) !== undefined && holds(), {
      timeoutMs: STEP_TIMEOUT_MS,
    })
    say(`✓ ${what}: ${describeRollout(deployment())}`)
  }
  const isDone = (): boolean => rolloutStatus(deployment()).done
  const setVersion = (value: string): Promise<unknown> =>
    client.modify(
      Deployment,
      ref,
      draft => void (draft.spec.template.spec.env = [{ name: 'VERSION', value }]),
    )
  const waitsForApproval = (): boolean => {
    const gates = rolloutStatus(deployment()).blockers.filter(({ kind }) => kind === 'gate')
    return gates.length === 1 && load.answersOf('v2').count >= SAMPLES
  }

  await client.create(Service, application.service)
  await client.create(Deployment, application.deployment)
  await until('v1 is deployed', isDone)
  await cluster.listening()
  load.begin()

  await setVersion('v2')
  await until('v2 has a tenth, and its error rate is good', waitsForApproval)
  await actOnRollout(client, ref, {
    verb: 'approve',
    entry: 2,
    gate: 'release-manager',
    by: 'ann',
    reason: 'no errors in a tenth of the traffic',
  })
  await until('v2 is rolled out', () => rolloutStatus(deployment()).entry === 2 && isDone())

  await setVersion('v3')
  const isAborted = (): boolean => rolloutStatus(deployment()).failure?.cause === 'analysis'
  await until('v3 failed its analysis', isAborted)
  await until('v2 has everything back', () => {
    const { availableReplicas, updatedReplicas } = deployment().status ?? {}
    return availableReplicas === deployment().spec.replicas && updatedReplicas === 0
  })
  await load.stop()
  return verdict(cluster, ref, load)
}

/** Prints the ledger and what the load saw; 0 when everything is as it should be. */
function verdict(
  cluster: Cluster,
  ref: { readonly namespace: string; readonly name: string },
  load: VersionLoad,
): number {
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const ledger = history(cluster.client, ref)
  for (const { number, template, outcome, marks } of ledger) {
    say(`revision ${number}: ${template.spec.env?.[0]?.value} ${outcome}`)
    for (const { verb, by, gate, answer, reason } of marks)
      say(
        `  ${verb} ${gate ?? ''}${answer === undefined ? '' : ` ${answer}`}, by ${by}: ${reason ?? 'no reason given'}`,
      )
  }
  for (const version of ['v1', 'v2', 'v3']) {
    const { count, errors } = load.answersOf(version)
    say(`${version}: ${count} answers, ${errors} errors`)
  }
  const share = load.largestShare('v3', WINDOW)
  const approval = ledger[1]?.marks.find(({ verb }) => verb === 'approve')
  const failings = [
    ...load.lost.slice(0, 5).map(why => `a request was lost: ${why}`),
    ...['v1', 'v2'].flatMap(version =>
      load.answersOf(version).errors > 0 ? [`${version} answered with errors`] : [],
    ),
    ...(share > SHARE_MAX ? [`v3 got ${(share * 100).toFixed(1)} % of the traffic`] : []),
    ...(load.answersOf('v3').count < SAMPLES ? ['v3 was not measured'] : []),
    ...(approval?.by === 'ann' && approval.reason !== undefined
      ? []
      : ['the ledger does not say who approved v2, and why']),
    ...(ledger.at(-1)?.outcome === 'failed' ? [] : ['v3 was not aborted']),
  ]
  say(`v3 had at most ${(share * 100).toFixed(1)} % of ${WINDOW} answers in a row`)
  for (const failing of failings) say(`✗ ${failing}`)
  if (failings.length === 0) say('ok')
  return failings.length === 0 ? 0 : 1
}
