/**
 * What the JavaScript host offers, found on `globalThis` at the moment of use. Structural, because this code
 * runs where neither Node's nor the browser's types are present.
 */
export interface Host {
  now(): number
  monotonic(): number
  setTimeout(fn: () => void, ms: number): unknown
  clearTimeout(handle: unknown): void
  /** Runs `fn` before control returns to the event loop. */
  microtask(fn: () => void): void
  /** Runs `fn` in a later turn of the event loop, after timers had their chance. */
  macrotask(fn: () => void): void
  /** Fills with random 32-bit words. */
  randomWords(into: Uint32Array): void
  /** Shows a line to whoever runs the program. */
  print(level: 'warn' | 'error', line: string): void
}

interface Port {
  onmessage: (() => void) | null
  postMessage(message: null): void
}

interface Globals {
  readonly Date: { now(): number }
  readonly performance?: { now(): number }
  readonly setTimeout: (fn: () => void, ms: number) => unknown
  readonly clearTimeout: (handle: unknown) => void
  readonly queueMicrotask: (fn: () => void) => void
  readonly setImmediate?: (fn: () => void) => unknown
  readonly MessageChannel?: new () => { readonly port1: Port; readonly port2: Port }
  readonly console?: { warn(line: string): void; error(line: string): void }
  readonly crypto?: {
    getRandomValues?(into: Uint32Array): unknown
  }
}

/** The real host. Reads each global when called, so a test tool that replaces globals is honoured. */
export const systemHost: Host = {
  now: () => globals().Date.now(),
  monotonic: () => globals().performance?.now() ?? globals().Date.now(),
  setTimeout: (fn, ms) => globals().setTimeout(fn, ms),
  clearTimeout: handle => globals().clearTimeout(handle),
  microtask: fn => globals().queueMicrotask(fn),
  macrotask: fn => runLater(globals(), fn),
  randomWords: into => fillRandom(globals(), into),
  print: (level, line) => globals().console?.[level](line),
}

function globals(): Globals {
  return globalThis as unknown as Globals
}

function runLater(host: Globals, fn: () => void): void {
  if (host.setImmediate !== undefined) {
    host.setImmediate(fn)
  } else if (host.MessageChannel !== undefined) {
    // Browsers stretch nested zero timeouts to 4 ms; a message is not stretched.
    const { port1, port2 } = new host.MessageChannel()
    port1.onmessage = () => {
      port1.onmessage = null
      fn()
    }
    port2.postMessage(null)
  } else {
    host.setTimeout(fn, 0)
  }
}

function fillRandom(host: Globals, into: Uint32Array): void {
  if (host.crypto?.getRandomValues !== undefined) {
    host.crypto.getRandomValues(into)
    return
  }
  for (let i = 0; i < into.length; i++) into[i] = Math.floor(Math.random() * 2 ** 32)
}
