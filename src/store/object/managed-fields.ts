/** Which fields of an object one manager owns. */
export interface ManagedFields {
  readonly manager: string
  /** `Apply`: the manager said so, and takes them away when it no longer does. `Update`: it has written them. */
  readonly operation: 'Apply' | 'Update'
  /** Set when these are fields of the status, and the kind has a status subresource. */
  readonly subresource?: 'status'
  /** Names of fields, with those inside in braces: `spec{image ports{[name="web"]+{name port}}}`. */
  readonly fields: string
}
