import type { KnownOptions, OptionNames } from '../../core/internal.js'
import { knownOptions } from '../../core/internal.js'
import type { ListAndWatchOptions, WatchOptions } from './watch.js'

const SCOPE: OptionNames<ListAndWatchOptions> = {
  namespace: true,
  name: true,
  names: true,
  labelSelector: true,
  fieldSelector: true,
  index: true,
  owner: true,
  shard: true,
  bookmarks: true,
  slowConsumer: true,
  bufferLimit: true,
  signal: true,
}

/** What `watch` takes. */
export const WATCH_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<WatchOptions>('watch', {
  ...SCOPE,
  since: true,
  sendInitialEvents: true,
  visibility: true,
})

/** What `listAndWatch` takes. */
export const LIST_AND_WATCH_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<ListAndWatchOptions>(
  'listAndWatch',
  SCOPE,
)

/** What `shard` takes. */
export const SHARD_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<NonNullable<WatchOptions['shard']>>(
  'shard',
  {
    of: true,
    index: true,
  },
)
