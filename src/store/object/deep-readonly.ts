import type { Json } from '../json/json-border.js'

/**
 * What is read of a JSON type: nothing in it can be assigned to, as the store has frozen it. What is as wide as JSON
 * itself, such as `unknown`, stays so. `Draft` is the way back.
 */
export type DeepReadonly<T> = Json extends T
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T
