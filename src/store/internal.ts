// What other modules of this package take from the store, and users do without.

export { heardWrite } from './client/client-write.js'
export { changesSince } from './client/engine-client.js'
export { diffJson } from './json/json-diff.js'
export type { ObjectId } from './object/object.js'
export { describeObject, keyText, refOf, refText } from './object/object.js'
export { ExpiredError, NotFoundError } from './object/store-errors.js'
export { groupObjects } from './read/group-counts.js'
export { knowsKind } from './read/knows-kind.js'
export { selectObjects } from './read/list-order.js'
export { withoutPages } from './read/list-page.js'
export { objectFilter } from './read/query.js'
export { offerBatches } from './watch/observable-watch.js'
