import { dirname, join, resolve } from 'node:path'
import { isKeelsonError, systemEnv } from 'keelson/core'
import { loadManifest } from '../manifests/load.js'
import { ManifestError } from '../manifests/manifest-error.js'
import { showProgress } from '../runtime/progress-view.js'
import { reportSteps } from '../runtime/step-report.js'
import { startCluster } from './cluster.js'
import { StoryError, tellStory } from './story.js'

const file = resolve(process.argv[2] ?? join(import.meta.dirname, 'hello-kubernetes.yaml'))
process.exitCode = await demo()

async function demo(): Promise<number> {
  const env = systemEnv.fork('quickstart')
  try {
    const application = loadManifest(file)
    const cluster = await startCluster(env, {
      nodes: ['node-a', 'node-b', 'node-c'],
      directory: dirname(file),
    })
    const view = showProgress(cluster.client, process.stdout)
    if (cluster.notice !== '') view.say(cluster.notice)
    const interrupted = new Promise<never>((_, reject) => {
      const stop = (): void => reject(new StoryError('interrupted'))
      process.once('SIGINT', stop).once('SIGTERM', stop)
    })
    interrupted.catch(() => {})
    try {
      const results = await Promise.race([
        tellStory(cluster, application, line => view.say(line)),
        interrupted,
      ])
      view.close()
      return reportSteps(results, { requests: 2_000, requestsPerSecond: 50 })
    } finally {
      view.close()
      await cluster.close()
    }
  } catch (error) {
    if (!(error instanceof StoryError || error instanceof ManifestError || isKeelsonError(error))) throw error
    process.stderr.write(`error: ${error.message}\n`)
    return 1
  } finally {
    env.close()
  }
}
