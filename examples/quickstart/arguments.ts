import type { EtcdPlace } from './etcd-place.js'

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'run'
      readonly file: string | undefined
      readonly keep: boolean
      /** Where the state is kept; undefined: in memory. */
      readonly data: string | undefined
      /** The etcd that keeps the state; then control planes run elsewhere. */
      readonly etcd: EtcdPlace | undefined
    }
  | { readonly kind: 'control-plane'; readonly etcd: EtcdPlace }
  | { readonly kind: 'wrong'; readonly message: string }

export const HELP = `usage: npm run demo -- [--keep] [--data DIR | --etcd HOST:PORT] [manifest]

Runs the application of a manifest on three simulated nodes under constant load: deploy, scale, rolling update, a
broken version that is reverted, undo, a killed process, a failed node. Ends with 0 only if no request failed while
something was planned. It takes about a minute; Ctrl-C ends it and leaves no process behind. An application that wants
each task on a node of its own is deployed on all nodes instead, and one task more says why it has to wait.

  manifest   Kubernetes YAML with a Deployment and a Service, or a Marathon app as JSON.
             Default: examples/quickstart/hello-kubernetes.yaml
  --data DIR keeps the state in DIR; killed and started again, it continues with the step it was in
  --etcd HOST:PORT
             keeps the state in an etcd; the loops that decide are elsewhere, in one or more processes of
             npm run demo -- --etcd HOST:PORT --control-plane
  --cacert FILE, --cert FILE, --key FILE
             TLS with that etcd, in PEM as etcdctl takes them: the authority, and the certificate and key of a client
  --control-plane
             nothing but those loops: one process leads, another takes over within three seconds when it is gone
  --keep     goes on serving after the last step, until Ctrl-C
  --help     says this

Environment: NO_COLOR turns colours off.
`

/** Reads the arguments of the program. */
export function readArguments(given: readonly string[]): Command {
  if (given.includes('--help') || given.includes('-h')) return { kind: 'help' }
  const words = [...given]
  const data = takeOption(words, '--data')
  if (data === '') return { kind: 'wrong', message: '--data needs a directory' }
  const etcd = takeOption(words, '--etcd')
  if (etcd === '') return { kind: 'wrong', message: '--etcd needs host:port' }
  if (etcd !== undefined && data !== undefined)
    return { kind: 'wrong', message: 'the state is kept in one place: give --data or --etcd' }
  const place = takeEtcd(words, etcd)
  if (typeof place === 'string') return { kind: 'wrong', message: place }
  const unknown = words.find(word => word.startsWith('-') && !['--keep', '--control-plane'].includes(word))
  if (unknown !== undefined)
    return {
      kind: 'wrong',
      message: `${unknown} is no option; there are --data, --etcd, --cacert, --cert, --key, --control-plane, --keep and --help`,
    }
  if (words.includes('--control-plane'))
    return place === undefined
      ? { kind: 'wrong', message: '--control-plane needs --etcd: what it shares with others is there' }
      : { kind: 'control-plane', etcd: place }
  const files = words.filter(word => !word.startsWith('-'))
  if (files.length > 1)
    return { kind: 'wrong', message: `one manifest is run at a time, not ${files.join(', ')}` }
  return { kind: 'run', file: files[0], keep: words.includes('--keep'), data, etcd: place }
}

/** Takes out what belongs to an etcd; a text says what is wrong. */
function takeEtcd(words: string[], endpoint: string | undefined): EtcdPlace | undefined | string {
  const [ca, cert, key] = ['--cacert', '--cert', '--key'].map(name => takeOption(words, name))
  if (endpoint === undefined)
    return [ca, cert, key].some(file => file !== undefined)
      ? '--cacert, --cert and --key are for --etcd'
      : undefined
  if ([ca, cert, key].includes('')) return '--cacert, --cert and --key need a file'
  if ((cert === undefined) !== (key === undefined)) return '--cert and --key come together'
  return {
    endpoint,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

/** Takes it and its value out; '' when that is missing. */
function takeOption(words: string[], name: string): string | undefined {
  const at = words.indexOf(name)
  if (at < 0) return undefined
  const [, value = ''] = words.splice(at, 2)
  return value.startsWith('-') ? '' : value
}
