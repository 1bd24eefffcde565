/** A call, as an error's stack shows it. */
export interface StackFrame {
  /** Of the function; empty at the top level of a module. */
  readonly name: string
  /** A path, or `node:…`. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** True for a function that waits for the ones above it. */
  readonly isAsync: boolean
}

/**
 * Whose code a frame is: the `host`'s, a test `runner`'s, this library's (`keelson`, of which `driver` is what moves a
 * simulation), a `library`'s, or the `code` under test.
 */
export type FrameOrigin = 'host' | 'runner' | 'keelson' | 'driver' | 'library' | 'code'

const FRAME = /^\s*at (async )?(?:(.*) \()?(?:file:\/\/)?(.+?):(\d+):(\d+)\)?$/
const RUNNERS = /[\\/]node_modules[\\/](?:@?vitest|vite|vite-node|jest|@jest|jest-[a-z-]+|mocha|ava|tap)[\\/]/
const OWN_ROOMS = /^(?:core|store|reconcile)[\\/]/

/**
 * The frames of a stack as V8 writes it, innermost first. What is not a frame with a place is left out.
 *
 * @internal
 */
export function parseStack(stack: string): readonly StackFrame[] {
  return stack.split('\n').flatMap(text => {
    const [, async, name = '', file, line, column] = FRAME.exec(text) ?? []
    if (file === undefined || name.startsWith('eval (')) return []
    return [{ name, file, line: Number(line), column: Number(column), isAsync: async !== undefined }]
  })
}

/** The frames of an error that was made in this folder, without those of this folder. */
export function framesBeyond(error: Error): readonly StackFrame[] {
  const frames = parseStack(error.stack ?? '')
  const first = frames.findIndex(frame => originOf(frame) !== 'driver')
  return first === -1 ? [] : frames.slice(first)
}

/** Whose code it is. Host frames are those of built-in modules. */
export function originOf({ file }: StackFrame): FrameOrigin {
  if (/^(?:node:|internal\/|<|native$)/.test(file)) return 'host'
  if (RUNNERS.test(file)) return 'runner'
  const root = ownRoot()
  if (root !== undefined && file.startsWith(root)) {
    const path = file.slice(root.length)
    if (/^testing[\\/]/.test(path)) return 'driver'
    if (OWN_ROOMS.test(path)) return 'keelson'
  }
  return /[\\/]node_modules[\\/]/.test(file) ? 'library' : 'code'
}

/**
 * `rooms.ts:14:9`.
 *
 * @internal
 */
export function placeOf({ file, line, column }: StackFrame): string {
  return `${file.split(/[\\/]/).at(-1)}:${line}:${column}`
}

/** Where the code under test comes in, and what it called there. */
export interface Entry {
  readonly place: string
  /** The function of the host that it called, if it called one. */
  readonly callee: string | undefined
}

/**
 * Finds the innermost frame of the code under test; of a library that it uses, if there is no such frame. Frames
 * beyond the driver of the simulation do not count. Undefined when there is no entry.
 */
export function entryOf(frames: readonly StackFrame[]): Entry | undefined {
  const origins = frames.map(originOf)
  const driver = origins.indexOf('driver')
  const inside = driver === -1 ? origins : origins.slice(0, driver)
  const code = inside.indexOf('code')
  const at = code === -1 ? inside.indexOf('library') : code
  const frame = frames[at]
  if (frame === undefined) return undefined
  const callee = origins[at - 1] === 'host' ? calleeName(frames[at - 1] as StackFrame) : undefined
  return { place: placeOf(frame), callee }
}

/** Where an error comes from: ` at rooms.ts:14:9`, or nothing if its stack does not say. */
export function entrySuffix(error: unknown): string {
  const { stack } = error instanceof Error ? error : {}
  const entry = typeof stack === 'string' ? entryOf(parseStack(stack)) : undefined
  return entry === undefined ? '' : ` at ${entry.place}`
}

function calleeName({ name }: StackFrame): string | undefined {
  const plain = name.replace(/^Object\./, '').replace(/ \[as .*\]$/, '')
  return plain === '' ? undefined : plain
}

let root: { readonly path: string | undefined } | undefined

/** The folder of this library's modules. Undefined where they were bundled into one file. */
export function ownRoot(): string | undefined {
  root ??= { path: findRoot() }
  return root.path
}

function findRoot(): string | undefined {
  const own = parseStack(new Error('where this file is').stack ?? '')[0]?.file
  return own === undefined ? undefined : /^(.*[\\/])testing[\\/]guard[\\/]/.exec(own)?.[1]
}
