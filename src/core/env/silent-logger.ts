import type { Logger } from './logger.js'

const drop = (): void => {}

/** Drops every line: `createEnv({ logger: silentLogger })` for a program that shall say nothing. */
export const silentLogger: Logger = {
  debug: drop,
  info: drop,
  warn: drop,
  error: drop,
  child: () => silentLogger,
}
