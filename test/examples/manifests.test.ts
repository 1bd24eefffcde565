import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadManifest } from '../../examples/manifests/load.js'
import { Deployment, Service } from '../../src/api/index.js'
import { createStore } from '../../src/store/index.js'

const quickstart = join(import.meta.dirname, '../../examples/quickstart')
const folder = mkdtempSync(join(tmpdir(), 'keelson-manifests-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A copy of a manifest with one text replaced by another. */
function changed(name: string, from: string, to: string): string {
  const text = readFileSync(join(quickstart, name), 'utf8')
  expect(text).toContain(from)
  const file = join(folder, name)
  writeFileSync(file, text.replace(from, to))
  return file
}

describe.each(['hello-kubernetes.yaml', 'hello-marathon.json'])('%s', name => {
  const { deployment, service } = loadManifest(join(quickstart, name))

  test('is one application of three tasks with a probe, a version and a port', () => {
    expect(deployment.metadata).toMatchObject({ namespace: 'default', name: 'hello' })
    const { replicas, template } = deployment.spec
    expect(replicas).toBe(3)
    expect(template.spec.readinessProbe).toMatchObject({
      httpGet: { path: '/healthz', port: 'http' },
      periodSeconds: 1,
    })
    expect(template.spec.env).toContainEqual({ name: 'VERSION', value: 'v1' })
    expect(template.spec.ports).toMatchObject([{ name: 'http' }])
    expect(service.spec).toMatchObject({
      selector: { app: 'hello' },
      ports: [{ port: 80, targetPort: 'http' }],
    })
  })

  test('is accepted by the store', async () => {
    const store = createStore({ kinds: [Deployment, Service] })
    await store.create(Deployment, deployment)
    await store.create(Service, service)
  })
})

test("Marathon's capacities become counts", () => {
  const { deployment } = loadManifest(join(quickstart, 'hello-marathon.json'))
  expect(deployment.spec.strategy?.rollingUpdate).toEqual({ maxSurge: 1, maxUnavailable: 0 })
})

test.each([
  { manifest: 'hello-kubernetes.yaml', from: 'kind: Service', to: 'kind: Route', says: 'has no Service' },
  {
    manifest: 'hello-kubernetes.yaml',
    from: 'name: hello\nspec',
    to: 'nam: hello\nspec',
    says: 'Deployment metadata.name',
  },
  {
    manifest: 'hello-kubernetes.yaml',
    from: 'image: hello:v1',
    to: 'volumes: []',
    says: 'containers.0.volumes is not supported',
  },
  {
    manifest: 'hello-kubernetes.yaml',
    from: 'matchLabels: {',
    to: 'matchLabels: [',
    says: 'hello-kubernetes.yaml',
  },
  { manifest: 'hello-marathon.json', from: '"cmd"', to: '"command"', says: 'command is not supported' },
  { manifest: 'hello-marathon.json', from: '"id": "/hello",', to: '', says: 'id must be a text' },
])('$manifest with $to instead of $from is refused in one line', ({ manifest, from, to, says }) => {
  const file = changed(manifest, from, to)
  expect(() => loadManifest(file)).toThrow(says)
  expect(() => loadManifest(file)).toThrow(/^[^\n]+$/)
})

test('a file that is not there is named', () => {
  expect(() => loadManifest(join(folder, 'none.yaml'))).toThrow(/none\.yaml: cannot be read/)
})
