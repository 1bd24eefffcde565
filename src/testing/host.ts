/**
 * One turn of the real event loop, which the testing kit touches nowhere else.
 *
 * One macrotask turn is a sound barrier: every promise job and `nextTick` chain, however long, ends before it.
 */
export function hostTurn(): Promise<void> {
  return new Promise(resolve => {
    const host = globalThis as unknown as Globals
    if (host.setImmediate !== undefined) host.setImmediate(resolve)
    else host.setTimeout(resolve, 0)
  })
}

interface Globals {
  readonly setImmediate?: (fn: () => void) => unknown
  readonly setTimeout: (fn: () => void, ms: number) => unknown
}

/** A variable of the process's environment. Undefined where there is none, or none of that name. */
export function hostVariable(name: string): string | undefined {
  const { process } = globalThis as {
    readonly process?: { readonly env?: Record<string, string | undefined> }
  }
  return process?.env?.[name]
}

/**
 * Writes a text file into a folder, which is made if there is none. False where there are no files.
 *
 * @throws what the file system throws
 */
export function hostFile(folder: string, name: string, text: string): boolean {
  const { process } = globalThis as { readonly process?: { readonly getBuiltinModule?: BuiltinModules } }
  const files = process?.getBuiltinModule?.('node:fs')
  if (files === undefined) return false
  files.mkdirSync(folder, { recursive: true })
  files.writeFileSync(`${folder}/${name}`, text)
  return true
}

type BuiltinModules = (name: 'node:fs') => {
  mkdirSync(folder: string, options: { readonly recursive: true }): unknown
  writeFileSync(path: string, text: string): void
}
