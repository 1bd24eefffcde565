import type { Logger } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import type { Span, SpanAttributes, Tracer } from '../../core/internal.js'
import type { Kind, ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'
import type { KeyRecord } from '../queue/key-record.js'
import { errorOf } from '../thrown-error.js'
import type { Result } from './result.js'

/** What the span of an attempt is made of. */
export interface AttemptSpanOptions {
  readonly tracer: Tracer
  /** The same for every key. */
  readonly name: string
  readonly attributes: SpanAttributes
  readonly logger: () => Logger
}

/** Which attempt it is. */
export interface SpannedAttempt {
  /** Of the controller. */
  readonly name: string
  readonly for: Kind
  readonly record: KeyRecord<ObjectRef>
  readonly logger: Logger
}

/** The span of an attempt of a controller, not begun yet. */
export function attemptSpan(tracer: Tracer, about: SpannedAttempt): AttemptSpan {
  const { name, for: kind, logger } = about
  const { key, history } = about.record
  return new AttemptSpan({
    tracer,
    name: `reconcile ${name}`,
    logger: () => logger.child({ key: refText(key) }),
    attributes: {
      'keelson.controller.name': name,
      'keelson.object.kind': kind.kind,
      'keelson.object.name': key.name,
      ...(key.namespace === undefined ? {} : { 'keelson.object.namespace': key.namespace }),
      'keelson.reconcile.failures': history.failures,
    },
  })
}

/** OpenTelemetry's `SpanStatusCode.ERROR`. */
const ERROR = 2

/** The span of one attempt, from its beginning to its end. A tracer that throws does no harm to the attempt's end. */
export class AttemptSpan {
  readonly #options: AttemptSpanOptions
  #span: Span | undefined

  constructor(options: AttemptSpanOptions) {
    this.#options = options
  }

  run<T>(reconcile: () => T): T {
    const { tracer, name, attributes } = this.#options
    return tracer.startActiveSpan(name, { attributes }, span => {
      this.#span = span
      return reconcile()
    })
  }

  returned(result: Result | undefined): void {
    this.#end(span => span.setAttributes({ 'keelson.reconcile.result': result?.kind ?? 'success' }))
  }

  failed(thrown: unknown): void {
    const error = errorOf(thrown)
    const type = 'code' in error && typeof error.code === 'string' ? error.code : error.name
    this.#end(span => {
      // To lose a race is no error: it happens where nothing is wrong.
      const isConflict = isKeelsonError(error, 'Conflict')
      const result = isConflict ? 'conflict' : 'error'
      span.setAttributes({ 'keelson.reconcile.result': result, 'error.type': type })
      span.recordException(error)
      if (!isConflict) span.setStatus({ code: ERROR, message: error.message })
    })
  }

  #end(tell: (span: Span) => unknown): void {
    const span = this.#span
    if (span === undefined) return
    try {
      tell(span)
      span.end()
    } catch (error) {
      this.#options.logger().error({ err: error }, 'the tracer threw')
    }
  }
}
