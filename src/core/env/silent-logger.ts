import type { Logger } from './logger.js'

const drop = (): void => {}

/** Drops every line; the default. Pass a pino instance to an `Env` to see them. */
export const silentLogger: Logger = {
  debug: drop,
  info: drop,
  warn: drop,
  error: drop,
  child: () => silentLogger,
}
