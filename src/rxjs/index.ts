export { fromWatch, watch$ } from './watch-observable.js'
