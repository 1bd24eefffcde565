/**
 * What any validation library that follows Standard Schema v1 offers, written down structurally so that none of
 * them is needed here. See https://standardschema.dev.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    /** A promise makes the check asynchronous, with all that this means for hooks. */
    validate(value: unknown): StandardResult<Output> | Promise<StandardResult<Output>>
    /** Types only; never read. */
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** Either the value, perhaps with defaults and coercions, or what is wrong with it. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** One fault. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Some libraries make their schemas functions. */
export function isStandardSchema(schema: unknown): schema is StandardSchema {
  return (
    ((typeof schema === 'object' && schema !== null) || typeof schema === 'function') && '~standard' in schema
  )
}
