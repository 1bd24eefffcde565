/** Structured fields of a log line. */
export type LogFields = Readonly<Record<string, unknown>>

/** One log method; both call shapes of pino. */
export interface LogMethod {
  (fields: LogFields, message?: string): void
  (message: string): void
}

/** The part of pino's interface that keelson uses; a pino instance fits as it is. */
export interface Logger {
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
  /** The same logger, with these fields in each of its lines. */
  child(bindings: Record<string, unknown>): Logger
}
