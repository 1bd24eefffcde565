// What other modules of this package take from the store, and users do without.
export { changesSince } from './client/engine-client.js'
export { diffJson } from './json/json-diff.js'
export type { ObjectId } from './object/object.js'
export { describeObject, keyText, refOf, refText } from './object/object.js'
export { ExpiredError, NotFoundError } from './object/store-errors.js'
export { selectObjects } from './read/list-order.js'
export { objectFilter } from './read/query.js'
export { offerObservable } from './watch/interop-observable.js'
