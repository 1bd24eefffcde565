/** What the guard needs of the host: modules that are there on Node, and not in a browser. */
export interface HostModules {
  readonly 'node:async_hooks': AsyncHooksModule
  readonly 'node:child_process': object
  readonly 'node:crypto': { randomUUID: (...args: unknown[]) => unknown }
  readonly 'node:fs': { readonly readlinkSync: (path: string) => string }
  readonly 'node:inspector': { readonly url: () => string | undefined }
  readonly 'node:module': { readonly syncBuiltinESMExports: () => void }
  readonly 'node:os': { readonly availableParallelism: () => number }
  readonly 'node:worker_threads': WorkerThreadsModule
}

export interface AsyncHooksModule {
  readonly AsyncLocalStorage: new <T>() => ContextStorage<T>
  readonly createHook: (callbacks: AsyncHookCallbacks) => { enable(): void; disable(): void }
  readonly executionAsyncId: () => number
}

export interface ContextStorage<T> {
  run<R>(store: T, work: () => R): R
  getStore(): T | undefined
  disable(): void
}

export interface AsyncHookCallbacks {
  readonly init: (asyncId: number, type: string, triggerAsyncId: number) => void
  readonly promiseResolve: (asyncId: number) => void
}

export interface WorkerThreadsModule {
  readonly isMainThread: boolean
  readonly threadId: number
  readonly Worker: new (source: string, options: object) => HostThread
}

/** One end of a channel between threads. */
export interface HostPort {
  on(event: 'message', listener: (value: unknown) => void): void
  postMessage(value: unknown): void
}

export interface HostThread extends HostPort {
  unref(): void
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): void
  terminate(): Promise<unknown>
}

/** A module that is built into the host. Undefined where it is missing. */
export function hostModule<Name extends keyof HostModules>(name: Name): HostModules[Name] | undefined {
  const { process } = globalThis as {
    readonly process?: { readonly getBuiltinModule?: (id: string) => HostModules[Name] | undefined }
  }
  return process?.getBuiltinModule?.(name)
}
