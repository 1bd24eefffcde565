/** One thing that a manager looks after, and whether it works. */
export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  /** Why not. */
  readonly message?: string
}

/**
 * Whether a manager works. `live`: restarting the process would not help. `ready`: everything that should run has
 * started and works; a manager on standby is ready.
 */
export interface Health {
  readonly live: boolean
  readonly ready: boolean
  readonly checks: readonly HealthCheck[]
}

/** @param problems by name of what was looked at */
export function healthOf(
  problems: ReadonlyMap<string, string | undefined>,
  state: { readonly isRunning: boolean; readonly isBroken: boolean },
): Health {
  const checks = [...problems].map(
    ([name, message]): HealthCheck => ({
      name,
      ok: message === undefined,
      ...(message === undefined ? {} : { message }),
    }),
  )
  return { live: !state.isBroken, ready: state.isRunning && checks.every(check => check.ok), checks }
}
