import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { checkApplication, loadManifest } from '../../examples/manifests/load.js'
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
])(
  '$manifest with $to instead of $from is refused, in lines that name the file',
  ({ manifest, from, to, says }) => {
    const file = changed(manifest, from, to)
    expect(() => loadManifest(file)).toThrow(says)
    expect(() => loadManifest(file)).toThrow(new RegExp(`^(${file}: [^\\n]+\\n?)+$`))
  },
)

test('everything that is wrong with a manifest is said at once', () => {
  const marathon = join(folder, 'wrong.json')
  writeFileSync(marathon, '{"id": "/x", "cmd": "x", "prots": [], "instances": "two", "mem": "much"}')
  expect(() => loadManifest(marathon)).toThrow(
    [
      'prots is not supported here',
      'instances must be a number, not "two"',
      'mem must be a number, not "much"',
    ]
      .map(line => `${marathon}: ${line}`)
      .join('\n'),
  )
  const kubernetes = join(folder, 'wrong.yaml')
  writeFileSync(kubernetes, 'kind: Deployment\nmetadata: { nam: x }\nspec: { replicas: 1 }\n')
  expect(() => loadManifest(kubernetes)).toThrow(
    /has no Service\n.*metadata.name must be a text\n.*spec.selector/s,
  )
})

test('what only the store can judge is said before anything starts, for both objects', async () => {
  const file = changed('hello-kubernetes.yaml', 'replicas: 3', 'replicas: -3')
  const application = loadManifest(file)
  const ports = [{ port: 80 }, { port: 81 }]
  const wrong = { ...application, service: { ...application.service, spec: { ports } } }
  const refused = checkApplication(file, wrong)
  await expect(refused).rejects.toThrow(`${file}: Deployment spec.replicas must be`)
  await expect(refused).rejects.toThrow(`${file}: Service spec.ports[1].name is required`)
})

test('a file that is not there is named', () => {
  expect(() => loadManifest(join(folder, 'none.yaml'))).toThrow(/none\.yaml: cannot be read/)
})
