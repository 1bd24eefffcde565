import { basename, dirname, join, resolve } from 'node:path'
import { isKeelsonError, systemEnv } from 'keelson/core'
import type { Application } from '../manifests/load.js'
import { checkApplication, loadManifest } from '../manifests/load.js'
import { ManifestError } from '../manifests/manifest-error.js'
import { LoopbackError } from '../runtime/loopback.js'
import { LEGEND, paintFor } from '../runtime/paint.js'
import { showProgress } from '../runtime/progress-view.js'
import { reportSteps } from '../runtime/step-report.js'
import { HELP, readArguments } from './arguments.js'
import type { Cluster } from './cluster.js'
import { startCluster } from './cluster.js'
import { startControlPlane } from './control-plane.js'
import type { EtcdPlace } from './etcd-place.js'
import { isApart, tellPlacement } from './placement-story.js'
import { StoryError, tellStory } from './story.js'

const NODES = ['node-a', 'node-b', 'node-c']

const command = readArguments(process.argv.slice(2))
if (command.kind === 'help') process.stdout.write(HELP)
else if (command.kind === 'wrong') process.exitCode = fail(command.message)
else if (command.kind === 'control-plane') process.exitCode = await control(command.etcd)
else process.exitCode = await demo(command)

async function demo({
  file,
  keep,
  data,
  etcd,
}: {
  readonly file: string | undefined
  readonly keep: boolean
  readonly data: string | undefined
  readonly etcd: EtcdPlace | undefined
}): Promise<number> {
  const path = resolve(file ?? join(import.meta.dirname, 'hello-kubernetes.yaml'))
  const env = systemEnv.fork('quickstart')
  try {
    const application = loadManifest(path)
    await checkApplication(path, application)
    process.stdout.write(`${introduction(application, path)}\n`)
    const servicePorts = (application.service.spec.ports ?? []).map(({ port }) => port)
    const cluster = await startCluster(env, {
      nodes: NODES,
      directory: dirname(path),
      servicePorts,
      ...(data === undefined ? {} : { data }),
      ...(etcd === undefined ? {} : { etcd }),
    })
    const view = showProgress(cluster.client, process.stdout, paintFor(process.stdout, process.env))
    const interrupted = onInterrupt()
    try {
      for (const line of [cluster.notice, process.stdout.isTTY ? LEGEND : '']) if (line !== '') view.say(line)
      const results = await Promise.race([
        isApart(application)
          ? tellPlacement(cluster, application, line => view.say(line))
          : tellStory(cluster, application, line => view.say(line)),
        interrupted.then(() => Promise.reject(new StoryError('interrupted'))),
      ])
      view.close()
      const code = results.length === 0 ? 0 : reportSteps(results, { requests: 2_000, requestsPerSecond: 50 })
      if (keep) await keepServing(cluster, interrupted)
      return code
    } finally {
      view.close()
      await cluster.close()
    }
  } catch (error) {
    const isExpected = [StoryError, ManifestError, LoopbackError].some(known => error instanceof known)
    if (!isExpected && !isKeelsonError(error)) throw error
    return fail((error as Error).message)
  } finally {
    env.close()
  }
}

/** Runs the loops that decide until it is told to stop. */
async function control(etcd: EtcdPlace): Promise<number> {
  const env = systemEnv.fork('control-plane')
  try {
    const plane = await startControlPlane(env, etcd, `control-plane-${process.pid}`)
    process.stdout.write(`control-plane-${process.pid} leads, or waits to lead; Ctrl-C ends it\n`)
    await onInterrupt()
    await plane.stop()
    return 0
  } catch (error) {
    if (!isKeelsonError(error)) throw error
    return fail(error.message)
  } finally {
    env.close()
  }
}

/** What will be seen, before anything is. */
function introduction(
  { deployment: { metadata, spec } }: Pick<Application, 'deployment'>,
  path: string,
): string {
  if (isApart({ deployment: { metadata, spec } }))
    return `${metadata.name} of ${basename(path)}, each of ${spec.replicas} tasks on a node of its own, and one more`
  const what = `${metadata.name} of ${basename(path)}, ${spec.replicas} tasks on ${NODES.length} simulated nodes`
  return `${what}: deploy, scale, update, break, undo, kill, lose a node, all under load; about a minute`
}

async function keepServing(cluster: Cluster, interrupted: Promise<unknown>): Promise<void> {
  const where = cluster.addresses().map(({ service, url }) => `${service} answers at ${url}`)
  const { address, port } = cluster.dns
  process.stdout.write(
    `${[...where, `names are answered at ${address} port ${port}`, 'Ctrl-C ends it'].join('\n')}\n`,
  )
  await interrupted
}

function onInterrupt(): Promise<unknown> {
  return new Promise(done => void process.once('SIGINT', done).once('SIGTERM', done))
}

function fail(message: string): number {
  process.stderr.write(`error: ${message}\n`)
  return 1
}
