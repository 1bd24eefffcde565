import { judgeStep } from './step-progress.js'

/** Cells of the memory that the watched thread and the watching one share. */
export const CELL = {
  /** Grows with each step. */
  beat: 0,
  /** How many executions are under way. */
  active: 1,
  /** See `THREAD`. */
  thread: 2,
  /** How long a step may compute, or sleep, in milliseconds. */
  timeoutMs: 3,
} as const

/** What the watching thread is up to. */
export const THREAD = { watching: 1, gone: 0, replaced: 2 } as const

/** Where the watched thread says what it does: `globalThis[Symbol.for(STEP_SYMBOL)]`. */
export const STEP_SYMBOL = 'keelson.step'

/** What the watching thread is told at its start. */
export interface WatchThreadData {
  readonly cells: SharedArrayBuffer
  /** The thread to watch; 0 is the main one. */
  readonly threadId: number
  /** Where the host tells of the watched thread, on Linux: `/proc/self/task/<id>/stat`. */
  readonly statFile: string | undefined
  /** Folders of code that is not under test. */
  readonly passOver: readonly string[]
}

/**
 * The watching thread, as a script of its own. It looks at the watched thread ten times a second; when that has computed,
 * or slept, for too long within one step (see `judgeStep`), it stops the watched thread as a debugger would, asks for its stack, prints it, and ends the process. An
 * endless loop cannot be ended any other way: to terminate only what runs would drop promise jobs of others.
 */
export const WATCH_THREAD: string = `
const { workerData } = require('node:worker_threads')
const { Session } = require('node:inspector')
const { readFileSync, writeSync } = require('node:fs')
const cells = new Int32Array(workerData.cells)
const POLL_MS = 100, IDLE_POLLS = 20, PAUSES_MAX = 300, GIVE_UP_CPU_MS = 3000, GIVE_UP_POLLS = 600
const TICK_MS = 10
/** Where one thread cannot be told from the process: others may use up as much. */
const SLACK = workerData.statFile === undefined ? 3 : 1
const judgeStep = ${judgeStep.toString()}
let progress, idle = 0, halting

const STACK = '(() => { const { Error } = globalThis; const limit = Error.stackTraceLimit; Error.stackTraceLimit = 50; ' +
  'const { stack } = new Error("stopped"); Error.stackTraceLimit = limit; ' +
  'return JSON.stringify({ stack, step: String(globalThis[Symbol.for("${STEP_SYMBOL}")]) }) })()'

function sample() {
  const beat = Atomics.load(cells, ${CELL.beat})
  if (workerData.statFile === undefined) {
    const { user, system } = process.cpuUsage()
    const cpuMs = Math.floor((user + system) / 1000 / POLL_MS) * POLL_MS
    return { beat, cpuMs, isAsleep: true }
  }
  // The name, in parentheses, may hold anything; after it come the state, and eleven fields on the time in use.
  const fields = readFileSync(workerData.statFile, 'latin1').replace(/^.*\\) /s, '').split(' ')
  return { beat, cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, isAsleep: fields[0] === 'S' }
}

function poll() {
  if (Atomics.load(cells, ${CELL.active}) === 0) return rest()
  idle = 0
  const seen = sample()
  if (halting !== undefined) return giveUp(seen)
  const timeoutMs = Atomics.load(cells, ${CELL.timeoutMs}) * SLACK
  const judged = judgeStep(progress, seen, { timeoutMs, lookEveryMs: POLL_MS })
  progress = judged.progress
  if (judged.verdict === undefined) return
  if (judged.verdict === 'sleeps') return end('it waits in a call that does not return, such as a lock or another program')
  halting = { fromCpuMs: seen.cpuMs, polls: 0 }
  halt()
}

function giveUp({ cpuMs }) {
  if (cpuMs - halting.fromCpuMs > GIVE_UP_CPU_MS || ++halting.polls > GIVE_UP_POLLS)
    end('it is not JavaScript that runs')
}

function rest() {
  progress = undefined
  if (++idle < IDLE_POLLS) return
  idle = 0
  Atomics.compareExchange(cells, ${CELL.thread}, ${THREAD.watching}, ${THREAD.gone})
  if (Atomics.load(cells, ${CELL.active}) > 0 &&
    Atomics.compareExchange(cells, ${CELL.thread}, ${THREAD.gone}, ${THREAD.watching}) === ${THREAD.gone}) return
  process.exit()
}

function end(what) {
  const text = 'keelson: noHotLoop does not hold: one step of a simulation did not end within ' +
    Atomics.load(cells, ${CELL.timeoutMs}) + ' ms, computing or asleep, so the process ends here: ' + what + '\\n'
  writeSync(2, text)
  process.kill(process.pid, 'SIGKILL')
}

function halt() {
  const scripts = new Map()
  let pauses = 0
  open(post => (method, params) => {
    if (method === 'Debugger.scriptParsed') scripts.set(params.scriptId, params.url)
    if (method === 'Debugger.paused') paused(post, params.callFrames)
  })
  function paused(post, callFrames) {
    pauses++
    const isOfCode = callFrames.some(({ location }) => isUnderTest(scripts.get(location.scriptId)))
    if (!isOfCode && pauses < PAUSES_MAX) {
      // Between two promise jobs there is no code to be seen: the next function is, or a little later there may be.
      post(pauses % 2 === 1 ? 'Debugger.stepInto' : 'Debugger.resume', {})
      setTimeout(() => post('Debugger.pause', {}), 5)
      return
    }
    const [{ callFrameId }] = callFrames
    post('Debugger.evaluateOnCallFrame', { callFrameId, expression: STACK, returnByValue: true }, (error, answer) => {
      if (error || answer.exceptionDetails) return end('its stack is not to be had')
      const { stack, step } = JSON.parse(answer.result.value)
      const frames = stack.split('\\n').filter(line => /^ +at /.test(line) && !line.includes('(eval at '))
      const own = frames.find(line => isUnderTest(/\\(?((?:file:\\/\\/|[A-Za-z]:)?[^()\\s]+):\\d+:\\d+\\)?$/.exec(line)?.[1]))
      end(step + '; it was' + (own ?? frames[0] ?? ' nowhere').replace(/^ +/, ' ') + '\\n' + frames.join('\\n'))
    })
  }
}

function isUnderTest(url) {
  if (!url || url.startsWith('node:')) return false
  const path = url.replace(/^file:\\/\\//, '')
  return !workerData.passOver.some(folder => path.startsWith(folder)) && !/[\\\\/]node_modules[\\\\/]/.test(path)
}

/** Another thread than the main one is reached through the main one. */
function open(handlerFor) {
  const session = new Session()
  session.connectToMainThread()
  const ignore = () => {}
  const begin = (post, listen) => {
    const handle = handlerFor(post)
    listen('Debugger.scriptParsed', params => handle('Debugger.scriptParsed', params))
    listen('Debugger.paused', params => handle('Debugger.paused', params))
    post('Debugger.enable', {})
    post('Debugger.pause', {})
    // Between two promise jobs a pause may come to nothing.
    setInterval(() => post('Debugger.pause', {}), 200)
  }
  if (workerData.threadId === 0) {
    begin((method, params, done) => session.post(method, params, done ?? ignore),
      (event, handle) => session.on(event, ({ params }) => handle(params)))
    return
  }
  const answers = new Map(), handlers = new Map()
  let lastId = 0
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const { id, method, params: told, error, result } = JSON.parse(params.message)
    if (id === undefined) handlers.get(method)?.(told)
    else answers.get(id)?.(error ?? null, result)
  })
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    if (!workerInfo.title.startsWith('[worker ' + workerData.threadId + ']')) return
    const post = (method, params, done) => {
      answers.set(++lastId, done ?? ignore)
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id: lastId, method, params }) }, ignore)
    }
    begin(post, (event, handle) => handlers.set(event, handle))
  })
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, ignore)
}

setInterval(poll, POLL_MS)
`
