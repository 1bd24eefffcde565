import { createServer } from 'node:net'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { HELP, readArguments } from '../../examples/quickstart/arguments.js'
import { planLoopback } from '../../examples/runtime/loopback.js'
import { paintFor } from '../../examples/runtime/paint.js'

test.each([
  [[], { kind: 'run', file: undefined, keep: false, data: undefined, etcd: undefined }],
  [['a.yaml', '--keep'], { kind: 'run', file: 'a.yaml', keep: true, data: undefined, etcd: undefined }],
  [['--data', 'd', 'a.yaml'], { kind: 'run', file: 'a.yaml', keep: false, data: 'd', etcd: undefined }],
  [['--data'], { kind: 'wrong', message: '--data needs a directory' }],
  [['--data', '--keep'], { kind: 'wrong', message: '--data needs a directory' }],
  [['a.yaml', '--help'], { kind: 'help' }],
  [['-h'], { kind: 'help' }],
  [
    ['--kep'],
    {
      kind: 'wrong',
      message:
        '--kep is no option; there are --data, --etcd, --cacert, --cert, --key, --control-plane, --keep and --help',
    },
  ],
  [
    ['--etcd', 'h:1'],
    { kind: 'run', file: undefined, keep: false, data: undefined, etcd: { endpoint: 'h:1' } },
  ],
  [['--etcd', 'h:1', '--control-plane'], { kind: 'control-plane', etcd: { endpoint: 'h:1' } }],
  [
    ['--etcd', 'h:1', '--cacert', 'a', '--control-plane', '--cert', 'c', '--key', 'k'],
    { kind: 'control-plane', etcd: { endpoint: 'h:1', ca: 'a', cert: 'c', key: 'k' } },
  ],
  [['--cacert', 'a'], { kind: 'wrong', message: '--cacert, --cert and --key are for --etcd' }],
  [
    ['--etcd', 'h:1', '--cacert', '--keep'],
    { kind: 'wrong', message: '--cacert, --cert and --key need a file' },
  ],
  [['--etcd', 'h:1', '--key', 'k'], { kind: 'wrong', message: '--cert and --key come together' }],
  [['--etcd', '--keep'], { kind: 'wrong', message: '--etcd needs host:port' }],
  [
    ['--etcd', 'h:1', '--data', 'd'],
    { kind: 'wrong', message: 'the state is kept in one place: give --data or --etcd' },
  ],
  [
    ['--control-plane'],
    { kind: 'wrong', message: '--control-plane needs --etcd: what it shares with others is there' },
  ],
  [['a', 'b'], { kind: 'wrong', message: 'one manifest is run at a time, not a, b' }],
])('arguments %j', (given, command) => {
  expect(readArguments(given)).toEqual(command)
})

test('the help names each option', () => {
  for (const option of ['--data', '--etcd', '--control-plane', '--keep', '--help', 'manifest', 'NO_COLOR'])
    expect(HELP).toContain(option)
})

describe('colours', () => {
  const line = '  ● node-a   v2✓ v1… v1↓ v3✗'
  test('are there on a terminal, and change nothing that is read', () => {
    const painted = paintFor({ isTTY: true }, {})(line)
    expect(painted).toContain('\u001b[32mv2✓\u001b[0m')
    expect(stripVTControlCharacters(painted)).toBe(line)
  })

  test.each([
    ['elsewhere', { isTTY: false }, {}],
    ['with NO_COLOR', { isTTY: true }, { NO_COLOR: '1' }],
    ['on a dumb terminal', { isTTY: true }, { TERM: 'dumb' }],
  ])('are not there %s', (_where, out, variables) => {
    expect(paintFor(out, variables)(line)).toBe(line)
  })
})

describe.runIf(process.platform === 'linux')('the loopback', () => {
  test('gives each program addresses of its own, and gives them back', async () => {
    const [one, two] = [await planLoopback(2), await planLoopback(2)]
    const addresses = [...one.nodes, ...two.nodes].map(({ address }) => address)
    expect(new Set(addresses).size).toBe(4)
    expect(one.cidr).not.toBe(two.cidr)
    one.release()
    two.release()
  })

  test('finds a port that is in use, and says where the service is instead', async () => {
    // On all addresses, as a web server on this machine would.
    const taken = createServer()
    await new Promise<void>(done => taken.listen(0, '0.0.0.0', done))
    const { port } = taken.address() as { port: number }
    const loopback = await planLoopback(1, [port])
    const { host, port: shifted } = loopback.dial('127.64.9.9', port)
    expect([host, shifted > port]).toEqual(['127.64.9.9', true])
    expect(loopback.notice).toBe(
      `port ${port} is in use or not allowed here: it is listened on as ${shifted}`,
    )
    loopback.release()
    await new Promise(done => taken.close(done))
  })
})
