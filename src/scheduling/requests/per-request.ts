import type { PreparedRequest } from './placement-request.js'

/** What is made of a request once, however many nodes a plugin is then asked about. It is kept with the request. */
export function perRequest<Made>(
  make: (request: PreparedRequest) => Made,
): (request: PreparedRequest) => Made {
  let last: PreparedRequest | undefined
  let made: Made
  return request => {
    if (request === last) return made
    const { kept } = request
    if (kept.has(make)) made = kept.get(make) as Made
    else kept.set(make, (made = make(request)))
    last = request
    return made
  }
}
