import type { KnownOptions, OptionNames } from '../../core/internal.js'
import { knownOptions } from '../../core/internal.js'
import type { ListOptions, NameRange, ReadOptions } from './reader.js'

const LIST: OptionNames<ListOptions> = {
  namespace: true,
  labelSelector: true,
  fieldSelector: true,
  names: true,
  index: true,
  owner: true,
  reverse: true,
  limit: true,
  continue: true,
}

/** What a list of one revision takes. */
export const LIST_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<ListOptions>('list', LIST)

/** What a list of a store takes. */
export const READ_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<ReadOptions>('list', {
  ...LIST,
  resourceVersion: true,
  resourceVersionMatch: true,
})

/** What `names` takes. */
export const NAMES_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<NameRange>('names', {
  prefix: true,
  from: true,
  to: true,
})
