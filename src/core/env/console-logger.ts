import type { LogFields, Logger, LogMethod } from './logger.js'
import type { Host } from './system-host.js'
import { systemHost } from './system-host.js'

/** Longest text of one value, and of one line, in UTF-16 units; what is longer ends with an ellipsis. */
const VALUE_LENGTH_MAX = 200
const LINE_LENGTH_MAX = 2_000

/** Characters that would end the line, or steer the terminal that shows it. */
const CONTROL_CHARACTERS = /[\p{Cc}\u2028\u2029]/gu

/** Frames of the runtime and of packages: the line that its reader can change is the first one that is neither. */
const FOREIGN_FRAME = /\bnode:|[\\/]node_modules[\\/]|<anonymous>/

const drop = (): void => {}

/**
 * Writes warnings and errors to the console, one line each, and drops what is less: level, controller, message, the
 * other fields, and of an error its name, its message and the first frame of its stack that is no package's.
 *
 * Values are cut to 200 characters and lines to 2,000; control characters are escaped. It never throws.
 */
export function createConsoleLogger(host: Host = systemHost, bindings: LogFields = {}): Logger {
  const method =
    (level: 'warn' | 'error'): LogMethod =>
    (first: LogFields | string, message?: string) => {
      const fields = typeof first === 'string' ? bindings : { ...bindings, ...first }
      host.print(level, lineOf(level, typeof first === 'string' ? first : (message ?? ''), fields))
    }
  return {
    debug: drop,
    info: drop,
    warn: method('warn'),
    error: method('error'),
    child: more => createConsoleLogger(host, { ...bindings, ...more }),
  }
}

function lineOf(level: string, message: string, fields: LogFields): string {
  const { controller, ...others } = fields
  const entries = Object.entries(others).filter(([, value]) => value !== undefined)
  const isError = ([, value]: readonly [string, unknown]): boolean => value instanceof Error
  const facts = entries.filter(entry => !isError(entry)).map(([name, value]) => `${name}=${textOf(value)}`)
  const errors = entries.filter(isError).map(([name, value]) => `${name}=${errorText(value as Error)}`)
  const source = controller === undefined ? '' : ` ${textOf(controller)}:`
  const line = [`keelson ${level.toUpperCase()}${source}`, message, ...facts, ...errors].join(' ')
  return cut(line.replace(CONTROL_CHARACTERS, escaped), LINE_LENGTH_MAX)
}

/** `TypeError: x is not a function at reconcile (/app/main.ts:10:13), caused by Error: …` */
function errorText(error: Error): string {
  const frame = ownFrame(error.stack)
  const text = `${cut(`${error.name}: ${error.message}`, VALUE_LENGTH_MAX * 2)}${frame === undefined ? '' : ` ${frame}`}`
  return error.cause instanceof Error
    ? `${text}, caused by ${cut(`${error.cause.name}: ${error.cause.message}`, VALUE_LENGTH_MAX)}`
    : text
}

function ownFrame(stack: string | undefined): string | undefined {
  const frames = (stack ?? '')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.startsWith('at '))
  return frames.find(frame => !FOREIGN_FRAME.test(frame)) ?? frames[0]
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !/[\s"=]/.test(value)) return cut(value, VALUE_LENGTH_MAX)
  return cut(jsonOf(value), VALUE_LENGTH_MAX)
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`
}

function escaped(character: string): string {
  const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
  return short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
