import type { TlsFiles } from './tls-files.js'

/** What the command line asks for. */
export interface ProgramCommand {
  readonly kind: 'run'
  readonly verb: (typeof VERBS)[number]
  /** The directory of the store; empty when it is in an etcd. */
  readonly dir: string
  /** Where it is in an etcd. */
  readonly etcd: EtcdPlace | undefined
  /** What follows it. */
  readonly rest: readonly string[]
  readonly json: boolean
  readonly secrets: boolean
  /** A revision. */
  readonly at: number | undefined
  /** A time, ms since 1970; instead of a revision. */
  readonly atMs: number | undefined
  readonly follow: boolean
  /** A file of keys. */
  readonly keys: string | undefined
  /** A file with a user of etcd. */
  readonly login: string | undefined
  /** Files with the certificates for an etcd. */
  readonly tls: TlsFiles | undefined
  /** A kind. */
  readonly of: string | undefined
}

/** A store in an etcd. */
export interface EtcdPlace {
  /** Members, as `host:port`. */
  readonly endpoints: readonly string[]
  /** Default: that of `connectStore`. */
  readonly prefix?: string
}

const VERBS = [
  'inspect',
  'dump',
  'verify',
  'history',
  'diff',
  'tail',
  'backup',
  'restore',
  'migrate',
  'witness',
] as const

/** Options of an etcd that name a file. */
const ETCD_FILES = ['--login', '--cacert', '--cert', '--key'] as const

const WITH_VALUE: readonly string[] = ['--at', '--kind', '--keys', '--etcd', '--prefix', ...ETCD_FILES]

/** How many words follow the directory, at least and at most, and what they are. */
const REST: Readonly<Record<ProgramCommand['verb'], readonly [min: number, max: number, what: string]>> = {
  inspect: [0, 0, 'DIR'],
  dump: [0, 0, 'DIR'],
  verify: [0, 0, 'DIR'],
  history: [2, 2, 'DIR KIND [NS/]NAME'],
  diff: [1, 2, 'DIR FROM [TO]'],
  tail: [0, 0, 'DIR'],
  backup: [1, 1, 'DIR FILE'],
  restore: [1, 1, 'DIR FILE, or DIR OLD --at POINT'],
  migrate: [1, 1, 'DIR NEW'],
  witness: [1, 1, 'DIR COPY'],
}

/** Options that not every command takes. */
const OPTION_OF: Readonly<Record<string, readonly ProgramCommand['verb'][]>> = {
  '--at': ['dump', 'tail', 'restore'],
  '--kind': ['dump'],
  '--follow': ['tail'],
}

/** What is told of a call that is wrong. */
export const PROGRAM_USAGE = 'usage: keelson-store COMMAND DIR [ARGUMENTS] [--json]'

export const PROGRAM_HELP: string = `${PROGRAM_USAGE}

Looks at the directory of a store, also while it is in use, and changes nothing in it.

  inspect DIR                    what it is, how much is in it, which revisions
  verify DIR                     reads everything, compares it with its checksums and indexes
  dump DIR                       every object as a line of JSON; --at REVISION, --kind KIND
  history DIR KIND [NS/]NAME     each state of an object that the log knows
  diff DIR FROM [TO]             what differs between two revisions
  tail DIR                       the log, entry by entry; --at REVISION: the later ones; --follow: and what comes
  backup DIR FILE                everything as it is, into a file that must not exist
  restore DIR FILE               makes an empty directory the store of a backup
  restore DIR OLD --at POINT     the same of another directory, as it was at a revision or a time
  migrate DIR NEW                writes it anew, in the newest format, into an empty directory
  witness DIR COPY               copies it as it grows, until it is interrupted

Instead of DIR: --etcd HOST:PORT[,HOST:PORT…] [--prefix PREFIX], for a store in etcd; not for witness.
So restore --etcd … OLD takes a directory into an etcd, and migrate --etcd … NEW an etcd into a directory.

  --version    tells the version, and nothing else
  --json       for programs, one JSON object a line
  --secrets    shows kinds that are secret too
  --login FILE a user of etcd, as NAME:PASSWORD
  --cacert FILE, --cert FILE, --key FILE
               TLS with etcd, in PEM as etcdctl takes them: the authority, and the certificate and key of a client
  --keys FILE  the keys of an encrypted store, one a line: an id, a space, 32 bytes in base64

Exit code: 0 fine, 1 failed, 2 wrong arguments, 3 damaged or unreadable.`

const TIME = /^\d{4}-\d\d-\d\dT/

/** Reads the arguments of the program. */
export function readProgramArguments(
  args: readonly string[],
):
  | ProgramCommand
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly message: string } {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) return { kind: 'help' }
  if (args.includes('--version')) return { kind: 'version' }
  const words: string[] = []
  const options = new Map<string, string>()
  for (let index = 0; index < args.length; index++) {
    const word = args[index] as string
    if (word === '--json' || word === '--secrets' || word === '--follow') options.set(word, '')
    else if (WITH_VALUE.includes(word)) options.set(word, args[++index] ?? '')
    else if (word.startsWith('-')) return wrong(`${word} is no option`)
    else words.push(word)
  }
  const [verb = '', ...others] = words
  if (!isVerb(verb)) return wrong(`${verb || 'nothing'} is no command; there are ${VERBS.join(', ')}`)
  const etcd = etcdPlace(options) ?? notForDirectories(options)
  if (typeof etcd === 'string') return wrong(etcd)
  if (etcd !== undefined && verb === 'witness') return wrong(`${verb} is for directories, not for an etcd`)
  const [dir, ...rest] = etcd === undefined ? others : ['', ...others]
  if (dir === undefined) return wrong(`${verb} needs the directory of a store, or --etcd HOST:PORT`)
  const [min, max, expected] = REST[verb]
  if (rest.length < min || rest.length > max)
    return wrong(`${verb} has too ${rest.length < min ? 'few' : 'many'} arguments; it takes ${expected}`)
  const strange = [...options.keys()].find(option => OPTION_OF[option]?.includes(verb) === false)
  if (strange !== undefined)
    return wrong(`${strange} is for ${OPTION_OF[strange]?.join(', ')}, not for ${verb}`)
  const at = options.get('--at')
  const isRevision = at !== undefined && /^\d{1,15}$/.test(at)
  const atMs = verb === 'restore' && at !== undefined && TIME.test(at) ? Date.parse(at) : Number.NaN
  if (at !== undefined && !isRevision && Number.isNaN(atMs))
    return wrong(
      `--at must be a revision${verb === 'restore' ? ', or a time such as 2026-01-31T12:00:00Z' : ''}, not ${at || 'nothing'}`,
    )
  if (verb === 'diff' && !rest.every(word => /^\d{1,15}$/.test(word))) return wrong('diff takes revisions')
  const of = options.get('--kind')
  const keys = options.get('--keys')
  if (keys === '') return wrong('--keys needs a file')
  if (of === '') return wrong('--kind needs the name of a kind')
  return {
    kind: 'run',
    verb,
    dir,
    etcd,
    login: options.get('--login'),
    tls: tlsFiles(options),
    rest,
    json: options.has('--json'),
    secrets: options.has('--secrets'),
    at: isRevision ? Number(at) : undefined,
    atMs: Number.isNaN(atMs) ? undefined : atMs,
    follow: options.has('--follow'),
    of,
    keys,
  }
}

/** A text says what is wrong. */
function etcdPlace(options: ReadonlyMap<string, string>): EtcdPlace | undefined | string {
  const [members, prefix] = [options.get('--etcd'), options.get('--prefix')]
  if (members === undefined) return undefined
  if (options.has('--keys'))
    return '--keys is for directories: a store in etcd is not encrypted by this program'
  const fileless = ETCD_FILES.find(name => options.get(name) === '')
  if (fileless !== undefined) return `${fileless} needs a file`
  if (options.has('--cert') !== options.has('--key')) return '--cert and --key come together'
  const endpoints = members.split(',')
  if (members === '') return '--etcd needs HOST:PORT'
  return { endpoints, ...(prefix === undefined ? {} : { prefix }) }
}

/** What is said of options that only an etcd has. */
function notForDirectories(options: ReadonlyMap<string, string>): string | undefined {
  const given = ['--prefix', ...ETCD_FILES].find(name => options.has(name))
  return given === undefined ? undefined : `${given} is for --etcd`
}

function tlsFiles(options: ReadonlyMap<string, string>): TlsFiles | undefined {
  const [ca, cert, key] = ['--cacert', '--cert', '--key'].map(name => options.get(name))
  if (ca === undefined && cert === undefined) return undefined
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

function isVerb(word: string): word is ProgramCommand['verb'] {
  return (VERBS as readonly string[]).includes(word)
}

function wrong(message: string): { readonly kind: 'wrong'; readonly message: string } {
  return { kind: 'wrong', message }
}
