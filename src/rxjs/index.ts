export { fromWatch, listAndWatch$, watch$ } from './watch-observable.js'
