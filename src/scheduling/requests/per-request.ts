import type { PreparedRequest } from './placement-request.js'

/** What is made of a request once, however many nodes a plugin is then asked about. */
export function perRequest<Made>(
  make: (request: PreparedRequest) => Made,
): (request: PreparedRequest) => Made {
  const known = new WeakMap<PreparedRequest, Made>()
  let last: PreparedRequest | undefined
  let made: Made
  return request => {
    if (request === last) return made
    if (known.has(request)) made = known.get(request) as Made
    else known.set(request, (made = make(request)))
    last = request
    return made
  }
}
