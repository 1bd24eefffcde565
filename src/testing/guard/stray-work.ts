/** What the code under test has started at the host, in words. */
export interface StrayWork {
  readonly what: string
  readonly remedy: string
}

interface Family extends StrayWork {
  readonly types: RegExp
}

const TIME = 'take time from ctx.env.clock, or return requeueAfter(ms)'
const OUTSIDE =
  'a stand-in for tests keeps what it holds in `outside`, and answers at once or after ctx.env.clock.sleep'

const FAMILIES: readonly Family[] = [
  { types: /^Timeout$/, what: 'armed a timer of its own', remedy: TIME },
  {
    types: /^Immediate$/,
    what: 'waited for the event loop',
    remedy: 'use ctx.env.tasks.defer, or a promise',
  },
  {
    types: /^FS|^FILEHANDLE|^STATWATCHER/,
    what: 'used the file system',
    remedy: `pass in what reads and writes: ${OUTSIDE}`,
  },
  {
    types: /^(?:TCP|PIPE|UDP|TLS|HTTP|JSUDP|JSSTREAM|QUIC|GETADDRINFO|GETNAMEINFO|QUERYWRAP)/,
    what: 'used the network',
    remedy: `pass in the connection: ${OUTSIDE}`,
  },
  { types: /^PROCESS/, what: 'started a process', remedy: `pass in what starts it: ${OUTSIDE}` },
  {
    types: /^(?:WORKER|MESSAGEPORT)/,
    what: 'used another thread',
    remedy: `pass in what talks to it: ${OUTSIDE}`,
  },
]

const OTHER: StrayWork = { what: 'started work of the host', remedy: `pass in what does it: ${OUTSIDE}` }

/** Not work by itself: what a write to the console, a signal handler or a resolver is made of. */
const HARMLESS =
  /^(?:PROMISE|TTYWRAP|SIGNALWRAP|WRITEWRAP|SHUTDOWNWRAP|DNSCHANNEL|INSPECTORJSBINDING|FILEHANDLE|ELDHISTOGRAM)$/

/**
 * Whether a resource of the host, by the name that Node's async hooks give to its type, is work that no simulated time
 * waits for. Promise jobs and ticks are not: they are over before the next step.
 */
export function isStray(type: string): boolean {
  return (
    type === 'Timeout' || type === 'Immediate' || (/^[A-Z][A-Z0-9_]+$/.test(type) && !HARMLESS.test(type))
  )
}

/** Says what it is, and what to do instead. `callee` is the function that was called. */
export function describeStray(type: string, callee: string | undefined): StrayWork {
  const { what, remedy } = FAMILIES.find(({ types }) => types.test(type)) ?? OTHER
  return { what: `${what} (${callee ?? type})`, remedy }
}
