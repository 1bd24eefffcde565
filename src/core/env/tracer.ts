/** What is known of a span: names as OpenTelemetry spells them, such as `error.type`. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** A piece of work that is under way. That part of OpenTelemetry's span that is used; its spans fit as they are. */
export interface Span {
  setAttributes(attributes: SpanAttributes): unknown
  /** `code` 2 is an error. */
  setStatus(status: { readonly code: number; readonly message?: string }): unknown
  recordException(error: Error): void
  end(): void
}

/** Where spans go. A tracer of `@opentelemetry/api` fits as it is. */
export interface Tracer {
  /**
   * Begins a span, and calls `run` while it is the active one, so that what `run` calls finds it as its parent. Whoever
   * began it ends it.
   */
  startActiveSpan<T>(
    name: string,
    options: { readonly attributes: SpanAttributes },
    run: (span: Span) => T,
  ): T
}
