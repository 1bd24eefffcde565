import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Task, TaskExit } from '../../../src/api/index.js'
import type { ChildProcessRuntime, ChildProcessRuntimeOptions } from '../../../src/workloads/node/index.js'
import { createChildProcessRuntime } from '../../../src/workloads/node/index.js'
import { endOf, programOf } from '../../fixtures/program.js'

const runtimes: ChildProcessRuntime[] = []
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.killAll()
})

function made(options: ChildProcessRuntimeOptions = {}) {
  const runtime = createChildProcessRuntime(options)
  runtimes.push(runtime)
  const exits: TaskExit[] = []
  const waiting = new Map<string, () => void>()
  runtime.exits(exit => {
    exits.push(exit)
    waiting.get(exit.uid)?.()
  })
  const ended = (uid: string): Promise<void> =>
    exits.some(exit => exit.uid === uid)
      ? Promise.resolve()
      : new Promise(done => void waiting.set(uid, done))
  return { runtime, exits, ended }
}

function task(uid: string, spec: Task['spec']): Task {
  return { metadata: { namespace: 'd', name: uid, uid }, spec } as Task
}

const shell = (uid: string, script: string, more: Partial<Task['spec']> = {}): Task =>
  task(uid, { command: ['sh', '-c', script], ...more })

async function output(runtime: ChildProcessRuntime, uid: string): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { stream, text } of runtime.logs(uid, { follow: true })) lines.push(`${stream} ${text}`)
  return lines
}

/** Resolves when the task has written that line. */
async function said(runtime: ChildProcessRuntime, uid: string, wanted: string): Promise<void> {
  for await (const { text } of runtime.logs(uid, { follow: true })) if (text === wanted) return
  throw new Error(`task ${uid} ended without a line "${wanted}"`)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Resolves when there is no such process; its parent may take a moment to notice. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise(done => setImmediate(done))
}

describe('a process', () => {
  test.each([
    ['exit 0', { exitCode: 0, message: 'exit code 0' }],
    ['exit 3', { exitCode: 3, message: 'exit code 3' }],
    ['kill -9 $$', { signal: 'SIGKILL', message: 'ended by SIGKILL' }],
  ])('that ends by itself is reported once, to every listener: %s', async (script, how) => {
    const { runtime, exits, ended } = made()
    const others: TaskExit[] = []
    runtime.exits(exit => others.push(exit))
    await runtime.start(shell('a', script))
    await ended('a')
    expect(exits).toEqual([{ uid: 'a', ...how }])
    expect(others).toEqual(exits)
    expect(runtime.pids().size).toBe(0)
  })

  test('that is asked to stop may leave politely, and the stop resolves after the report', async () => {
    const { runtime, exits } = made()
    await runtime.start(shell('a', 'trap "exit 0" TERM; echo up; while :; do sleep 0.02; done'))
    await said(runtime, 'a', 'up')
    const [first, second] = await Promise.all([runtime.stop('a', 60_000), runtime.stop('a', 60_000)])
    expect(exits).toEqual([{ uid: 'a', exitCode: 0, message: 'exit code 0' }])
    expect([first, second]).toEqual([exits[0], exits[0]])
  })

  test('that does not listen is killed after the grace period', async () => {
    const { runtime, exits } = made()
    await runtime.start(shell('a', 'trap "" TERM; echo up; while :; do sleep 0.02; done'))
    await said(runtime, 'a', 'up')
    expect(await runtime.stop('a', 50)).toEqual({ uid: 'a', signal: 'SIGKILL', message: 'ended by SIGKILL' })
    expect(exits).toHaveLength(1)
  })

  test.each([
    ['no command', task('a', {}), 'the task has no command'],
    ['a command that is not there', task('a', { command: ['/no/such/file'] }), 'command "/no/such/file": '],
    ['a command with a null byte', task('a', { command: ['sh', 'a\0b'] }), 'command "sh": '],
  ])('that cannot be started is refused and never exits: %s', async (_what, given, message) => {
    const { runtime, exits } = made()
    await expect(runtime.start(given)).rejects.toThrow(message)
    expect([exits, runtime.pids().size]).toEqual([[], 0])
    expect(() => runtime.logs('a')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    await runtime.start(shell('a', 'exit 0'))
  })

  test('is listed while it runs, and with its end, for an agent that starts again', async () => {
    const { runtime, ended } = made()
    await runtime.start(shell('runs', 'exec sleep 60', { nodeName: 'n1' }))
    await runtime.start(shell('ends', 'exit 3'))
    await ended('ends')
    const launching = runtime.start(shell('late', 'exec sleep 60'))
    const listed = await runtime.list?.()
    await launching
    expect(
      listed?.map(({ uid, nodeName, exit, isStopping }) => [uid, nodeName, exit?.exitCode, isStopping]),
    ).toEqual([
      ['runs', 'n1', undefined, undefined],
      ['late', undefined, undefined, undefined],
      ['ends', undefined, 3, undefined],
    ])
    await runtime.stop('runs', 5_000)
    const runs = (await runtime.list?.())?.find(({ uid }) => uid === 'runs')
    expect([runs?.isStopping, runs?.exit?.signal, runs?.name]).toEqual([true, 'SIGTERM', 'runs'])
  })

  test('is started once', async () => {
    const { runtime } = made()
    const starts = [runtime.start(shell('a', 'sleep 60')), runtime.start(shell('a', 'sleep 60'))]
    await expect(Promise.any(starts)).resolves.toBeDefined()
    await expect(Promise.all(starts)).rejects.toMatchObject({ code: 'Usage' })
    expect(runtime.pids().size).toBe(1)
  })

  test('takes with it what it forked', async () => {
    const { runtime, ended } = made()
    await runtime.start(shell('a', 'sleep 600 & echo $!; exit 0'))
    await ended('a')
    const [line = ''] = await output(runtime, 'a')
    await gone(Number(line.replace('stdout ', '')))
  })

  test('that is unknown is an error for each call', async () => {
    const { runtime } = made()
    const unknown = { code: 'NotFound' }
    await expect(runtime.stop('x', 1)).rejects.toMatchObject(unknown)
    await expect(runtime.probe('x', { tcpSocket: { port: 80 } })).rejects.toMatchObject(unknown)
  })
})

describe('a process gets', () => {
  test('its command, arguments, variables, ports and directory, and few variables of ours', async () => {
    process.env['KEELSON_TEST_SECRET'] = 'secret'
    const { runtime } = made({ directory: import.meta.dirname, ports: { first: 21_900, last: 21_950 } })
    const given = task('a', {
      command: [process.execPath, '-p'],
      args: ['JSON.stringify({ env: process.env, cwd: process.cwd() })'],
      env: [{ name: 'VERSION', value: 'v1' }],
      hostname: 'web-0',
      ports: [
        { name: 'http', containerPort: 80 },
        { containerPort: 53, protocol: 'UDP' },
      ],
    })
    const running = await runtime.start(given)
    delete process.env['KEELSON_TEST_SECRET']
    const [http, dns] = running.ports
    expect(running).toEqual({
      address: '127.0.0.1',
      ports: [
        { name: 'http', containerPort: 80, hostPort: http?.hostPort, protocol: 'TCP' },
        { containerPort: 53, hostPort: dns?.hostPort, protocol: 'UDP' },
      ],
    })
    const [line = ''] = await output(runtime, 'a')
    const { env, cwd } = JSON.parse(line.replace('stdout ', '')) as {
      env: Record<string, string>
      cwd: string
    }
    expect(cwd).toBe(import.meta.dirname)
    expect(env).toMatchObject({
      VERSION: 'v1',
      HOST: '127.0.0.1',
      HOSTNAME: 'web-0',
      PORT: `${http?.hostPort}`,
      PORT0: `${http?.hostPort}`,
      PORT1: `${dns?.hostPort}`,
      PATH: process.env['PATH'],
    })
    expect(env['KEELSON_TEST_SECRET']).toBeUndefined()
  })

  test('ports of its own, which return when it ends', async () => {
    const { runtime, ended } = made({ ports: { first: 21_951, last: 21_952 } })
    const ports = [{ containerPort: 80 }]
    const both = await Promise.all(['a', 'b'].map(uid => runtime.start(shell(uid, 'sleep 600', { ports }))))
    expect(both.map(({ ports: [port] }) => port?.hostPort).toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([
      21_951, 21_952,
    ])
    const exhausted = { code: 'PoolExhausted', message: 'no free TCP port on 127.0.0.1 from 21951 to 21952' }
    await expect(runtime.start(shell('c', 'exit 0', { ports }))).rejects.toMatchObject(exhausted)
    await runtime.stop('a', 0)
    await ended('a')
    await runtime.start(shell('c', 'exit 0', { ports }))
  })

  test('a fixed port, unless somebody listens there', async () => {
    const server = createServer()
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    const { runtime } = made()
    const fixed = shell('a', 'exit 0', { ports: [{ containerPort: 80, hostPort: port }] })
    await expect(runtime.start(fixed)).rejects.toThrow(`TCP port ${port} of 127.0.0.1 cannot be listened on`)
    await new Promise(done => server.close(done))
    expect((await runtime.start(fixed)).ports[0]?.hostPort).toBe(port)
  })
})

describe('the output of a task', () => {
  test('is kept with its stream, also after its end', async () => {
    const { runtime, ended } = made()
    await runtime.start(shell('a', 'echo out; echo err >&2; printf rest'))
    await ended('a')
    expect((await output(runtime, 'a')).toSorted()).toEqual(['stderr err', 'stdout out', 'stdout rest'])
  })

  test('is bounded, and a task that writes much is not held up', async () => {
    const { runtime, ended } = made({ logBytesMax: 4_096 })
    await runtime.start(shell('a', 'i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done'))
    await ended('a')
    const lines = await output(runtime, 'a')
    expect(lines.length).toBeLessThan(60)
    expect(lines.at(-1)).toBe('stdout line 2999')
  })

  test('ends for its followers although a process that left the group holds the pipe', async () => {
    const { runtime, ended } = made()
    await runtime.start(shell('a', 'setsid sleep 600 & echo $!; exit 0'))
    await ended('a')
    const [line = ''] = await output(runtime, 'a')
    process.kill(Number(line.replace('stdout ', '')), 'SIGKILL')
  })

  test('is forgotten for the task that ended first, beyond endedLogsMax', async () => {
    const { runtime, ended } = made({ endedLogsMax: 1 })
    for (const uid of ['a', 'b']) {
      await runtime.start(shell(uid, 'exit 0'))
      await ended(uid)
    }
    expect(() => runtime.logs('a')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    expect(await output(runtime, 'b')).toEqual([])
  })
})

describe('probes', () => {
  test.each([
    ['true', { result: 'success', message: 'exit code 0' }],
    ['exit 4', { result: 'failure', message: 'exit code 4' }],
    ['test "$VERSION" = v1', { result: 'success', message: 'exit code 0' }],
    ['sleep 60', { result: 'failure', message: 'no answer within 200 ms' }],
  ])('a command says how the task is: %s', async (script, report) => {
    const { runtime } = made()
    await runtime.start(shell('a', 'sleep 600', { env: [{ name: 'VERSION', value: 'v1' }] }))
    expect(
      await runtime.probe('a', {
        exec: { command: ['sh', '-c', script] },
        timeoutSeconds: script === 'sleep 60' ? 0.2 : 60,
      }),
    ).toEqual(report)
  })

  test('a port is named, and asked where the task listens', async () => {
    const { runtime } = made()
    const program = `require('node:http').createServer((q, s) => { s.statusCode = q.url === '/bad' ? 500 : 200; s.end() })
      .listen(process.env.PORT, process.env.HOST, () => console.log('up'))`
    await runtime.start(
      task('a', { command: [process.execPath, '-e', program], ports: [{ name: 'http', containerPort: 80 }] }),
    )
    await said(runtime, 'a', 'up')
    const get = (path: string, port: string | number = 'http') =>
      runtime.probe('a', { httpGet: { path, port }, timeoutSeconds: 60 })
    expect(await get('/')).toEqual({ result: 'success', message: 'HTTP 200 OK' })
    expect(await get('/bad', 80)).toEqual({ result: 'failure', message: 'HTTP 500 Internal Server Error' })
    expect(await runtime.probe('a', { tcpSocket: { port: 'http' }, timeoutSeconds: 60 })).toMatchObject({
      result: 'success',
    })
    await expect(get('/', 'htpp')).rejects.toThrow('the task has no port htpp; it has http')
  })
})

test.each<readonly [ChildProcessRuntimeOptions, string]>([
  [{ logBytesMax: 10 }, 'logBytesMax'],
  [{ endedLogsMax: -1 }, 'endedLogsMax'],
  [{ ports: { first: 0, last: 5 } }, 'ports.first'],
  [{ ports: { first: 10, last: 5 } }, 'ports.last'],
])('an option out of bounds is refused: %j', (options, field) => {
  expect(() => createChildProcessRuntime(options)).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(() => createChildProcessRuntime(options)).toThrow(field)
})

test('tail is a whole number', async () => {
  const { runtime } = made()
  await runtime.start(shell('a', 'exit 0'))
  expect(() => runtime.logs('a', { tail: -1 })).toThrow(expect.objectContaining({ code: 'Invalid' }))
})

test('killAll ends all at once, also one that is being started', async () => {
  const { runtime, exits } = made()
  await runtime.start(shell('a', 'trap "" TERM; sleep 600'))
  const late = runtime.start(shell('b', 'sleep 600', { ports: [{ containerPort: 80 }] }))
  await runtime.killAll()
  await late
  expect(runtime.pids().size).toBe(0)
  expect(exits.map(({ uid, signal }) => `${uid} ${signal}`).toSorted()).toEqual(['a SIGKILL', 'b SIGKILL'])
})

/** Runs a program in a process of its own, and tells what it wrote. */
async function outputOf(code: string): Promise<readonly string[]> {
  const program = await programOf(code)
  return (await endOf(program.start())).stdout.trim().split('\n')
}

test.each([
  'process.exit(0)',
  "throw new Error('broken')",
  "process.kill(process.pid, 'SIGTERM'); await new Promise(() => setInterval(() => {}, 1e6))",
  "process.kill(process.pid, 'SIGKILL')",
])('the tasks and their probes end with the process: %s', async end => {
  const file = join(mkdtempSync(join(tmpdir(), 'probe-')), 'pid')
  const pids = await outputOf(`
    import { createChildProcessRuntime } from './src/workloads/node/index.js'
    const runtime = createChildProcessRuntime()
    const start = async (uid, script) => {
      const metadata = { namespace: 'd', name: uid, uid }
      await runtime.start({ metadata, spec: { command: ['sh', '-c', script] } })
      for await (const { text } of runtime.logs(uid, { follow: true })) return void console.log(text)
    }
    await start('a', 'sleep 600 & echo $!; wait')
    await start('b', 'echo $$; sleep 600')
    await start('c', 'echo $$')
    const command = ['sh', '-c', 'echo $$ > ${file}; kill -USR1 ' + process.pid + '; sleep 600']
    const probing = new Promise(done => process.once('SIGUSR1', done))
    void runtime.probe('a', { exec: { command }, timeoutSeconds: 600 })
    await probing
    ${end}
  `)
  expect(pids).toHaveLength(3)
  for (const pid of [...pids, readFileSync(file, 'utf8')]) {
    expect(Number(pid)).toBeGreaterThan(1)
    await gone(Number(pid))
  }
  rmSync(dirname(file), { recursive: true })
})

/** The processes that this one has started, by what they run. */
function childrenOf(parent: number, what: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0)
    .filter(pid => {
      try {
        const [, parentPid] = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
        return Number(parentPid) === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(what)
      } catch {
        return false
      }
    })
}

const watchdogs = (): readonly number[] => childrenOf(process.pid, 'for group in')

describe('the watchdog', () => {
  test('is one for all runtimes, and ends with the last task', async () => {
    expect(watchdogs()).toEqual([])
    const [one, other] = [made().runtime, made().runtime]
    await Promise.all([one.start(shell('a', 'sleep 600')), other.start(shell('b', 'sleep 600'))])
    const [pid = 0, ...more] = watchdogs()
    expect(more).toEqual([])
    await one.stop('a', 0)
    expect(isAlive(pid)).toBe(true)
    await other.stop('b', 0)
    await gone(pid)
  })

  test('is none when nothing could be started', async () => {
    const { runtime } = made()
    await expect(runtime.start(task('a', { command: ['/no/such/file'] }))).rejects.toThrow('/no/such/file')
    while (watchdogs().length > 0) await new Promise(done => setImmediate(done))
  })

  test('that somebody kills is started again', async () => {
    const { runtime } = made()
    await runtime.start(shell('a', 'sleep 600'))
    const [first = 0] = watchdogs()
    process.kill(first, 'SIGKILL')
    while (watchdogs().every(pid => pid === first)) await new Promise(done => setImmediate(done))
  })
})
