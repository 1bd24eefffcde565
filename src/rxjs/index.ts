export { fromSession } from './session-observable.js'
export { fromWatch, listAndWatch$, watch$ } from './watch-observable.js'
