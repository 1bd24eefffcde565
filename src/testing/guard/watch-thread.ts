/** Cells of the memory that the watched thread and the watching one share. */
export const CELL = {
  /** Grows with each step. */
  beat: 0,
  /** How many executions are under way. */
  active: 1,
  /** See `THREAD`. */
  thread: 2,
  /** How long a step may take, in milliseconds. */
  timeoutMs: 3,
  /** The beat of the last step that was ended. */
  ended: 4,
} as const

/** What the watching thread is up to. */
export const THREAD = { watching: 1, gone: 0, replaced: 2 } as const

/** What the watching thread is told at its start. */
export interface WatchThreadData {
  readonly cells: SharedArrayBuffer
  /** The thread to watch; 0 is the main one. */
  readonly threadId: number
  /** Folders of code that is not under test. */
  readonly passOver: readonly string[]
}

/** What the watching thread says about a step that did not end. */
export interface StepReport {
  readonly beat: number
  /** The stack, where the step was stopped. */
  readonly stack: string
}

/**
 * The watching thread, as a script of its own. It looks at the beat ten times a second; when that stands still for too long, it stops
 * the watched thread as a debugger would, asks for its stack, and ends what runs. An end in the midst of a callback of the host's may
 * take the whole process along, so there the report is printed first; so it is when the host itself does not come back.
 */
export const WATCH_THREAD: string = `
const { parentPort, workerData } = require('node:worker_threads')
const { Session } = require('node:inspector')
const { writeSync } = require('node:fs')
const cells = new Int32Array(workerData.cells)
const POLL_MS = 100, IDLE_POLLS = 20, PAUSES_MAX = 20, GIVE_UP = 10
let last = -1, same = 0, idle = 0, caught = -1

const say = text => writeSync(2, 'keelson: ' + text + '\\n')
const STACK = '(() => { const { Error, process } = globalThis; const limit = Error.stackTraceLimit; Error.stackTraceLimit = 50; ' +
  'const { stack } = new Error("stopped"); Error.stackTraceLimit = limit; ' +
  'const id = process.getBuiltinModule("node:async_hooks").executionAsyncId(); return JSON.stringify({ stack, id }) })()'

function poll() {
  if (Atomics.load(cells, ${CELL.active}) === 0) return rest()
  idle = 0
  const beat = Atomics.load(cells, ${CELL.beat})
  if (beat !== last) { last = beat; same = 0; caught = -1; return }
  same++
  const polls = Math.ceil(Atomics.load(cells, ${CELL.timeoutMs}) / POLL_MS)
  if (same >= polls && caught !== beat) { caught = beat; halt(beat) }
  if (same >= polls * GIVE_UP + 1) {
    say('one step of a simulation does not end, and is not JavaScript at present; the process ends here')
    process.kill(process.pid, 'SIGKILL')
  }
}

function rest() {
  same = 0
  if (++idle < IDLE_POLLS) return
  idle = 0
  Atomics.compareExchange(cells, ${CELL.thread}, ${THREAD.watching}, ${THREAD.gone})
  if (Atomics.load(cells, ${CELL.active}) > 0 &&
    Atomics.compareExchange(cells, ${CELL.thread}, ${THREAD.gone}, ${THREAD.watching}) === ${THREAD.gone}) return
  process.exit()
}

function halt(beat) {
  open((post, on, close) => {
    const scripts = new Map()
    let pauses = 0
    on('Debugger.scriptParsed', ({ scriptId, url }) => scripts.set(scriptId, url))
    on('Debugger.paused', ({ callFrames }) => {
      pauses++
      const isOver = Atomics.load(cells, ${CELL.beat}) !== beat
      const isOfCode = callFrames.some(({ location }) => isUnderTest(scripts.get(location.scriptId)))
      if (!isOver && !isOfCode && pauses < PAUSES_MAX) {
        // Between two jobs there is no code to be seen: the next function is.
        post('Debugger.stepInto', {})
        setTimeout(() => post('Debugger.pause', {}), 5)
        return
      }
      if (isOver) return post('Debugger.resume', {}, close)
      const [{ callFrameId }] = callFrames
      post('Debugger.evaluateOnCallFrame', { callFrameId, expression: STACK, returnByValue: true }, (error, answer) => {
        const { stack, id } = error || answer.exceptionDetails ? { stack: '', id: -1 } : JSON.parse(answer.result.value)
        if (id !== 0) say('one step of a simulation did not end in time; it was stopped here: ' + stack)
        Atomics.store(cells, ${CELL.ended}, beat)
        parentPort.postMessage({ beat, stack })
        post('Runtime.terminateExecution', {})
        post('Debugger.resume', {}, close)
      })
    })
    post('Debugger.enable', {})
    post('Debugger.pause', {})
  })
}

function isUnderTest(url) {
  if (!url || url.startsWith('node:')) return false
  const path = url.replace(/^file:\\/\\//, '')
  return !workerData.passOver.some(folder => path.startsWith(folder)) && !/[\\\\/]node_modules[\\\\/]/.test(path)
}

/** Another thread than the main one is reached through the main one. */
function open(use) {
  const session = new Session()
  session.connectToMainThread()
  const ignore = () => {}
  if (workerData.threadId === 0) {
    const close = () => session.post('Debugger.disable', () => session.disconnect())
    use((method, params, done) => session.post(method, params, done ?? ignore),
      (event, handle) => session.on(event, ({ params }) => handle(params)), close)
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
    const close = () => post('Debugger.disable', {}, () => session.post('NodeWorker.disable', () => session.disconnect()))
    use(post, (event, handle) => handlers.set(event, handle), close)
  })
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, ignore)
}

setInterval(poll, POLL_MS)
`
