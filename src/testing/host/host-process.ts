/** A variable of the process's environment. Undefined where it is missing, or the host has none. */
export function hostVariable(name: string): string | undefined {
  const { process } = globalThis as {
    readonly process?: { readonly env?: Record<string, string | undefined> }
  }
  return process?.env?.[name]
}

/**
 * Writes a text file into a folder, which is created if it is missing. False where the host has no files.
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
