/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | {
      readonly kind: 'run'
      readonly file: string | undefined
      readonly keep: boolean
      /** Where the state is kept; undefined: in memory. */
      readonly data: string | undefined
    }
  | { readonly kind: 'wrong'; readonly message: string }

export const HELP = `usage: npm run demo -- [--keep] [--data DIR] [manifest]

Runs the application of a manifest on three simulated nodes under constant load: deploy, scale, rolling update, a
broken version that is reverted, undo, a killed process, a failed node. Ends with 0 only if no request failed while
something was planned. It takes about a minute; Ctrl-C ends it and leaves no process behind. An application that wants
each task on a node of its own is deployed on all nodes instead, and one task more says why it has to wait.

  manifest   Kubernetes YAML with a Deployment and a Service, or a Marathon app as JSON.
             Default: examples/quickstart/hello-kubernetes.yaml
  --data DIR keeps the state in DIR; killed and started again, it continues with the step it was in
  --keep     goes on serving after the last step, until Ctrl-C
  --help     says this

Environment: NO_COLOR turns colours off.
`

/** Reads the arguments of the program. */
export function readArguments(given: readonly string[]): Command {
  if (given.includes('--help') || given.includes('-h')) return { kind: 'help' }
  const words = [...given]
  const at = words.indexOf('--data')
  const [, data] = at < 0 ? [] : words.splice(at, 2)
  if (at >= 0 && (data === undefined || data.startsWith('-')))
    return { kind: 'wrong', message: '--data needs a directory' }
  const unknown = words.find(word => word.startsWith('-') && word !== '--keep')
  if (unknown !== undefined)
    return { kind: 'wrong', message: `${unknown} is no option; there are --data, --keep and --help` }
  const files = words.filter(word => !word.startsWith('-'))
  if (files.length > 1)
    return { kind: 'wrong', message: `one manifest is run at a time, not ${files.join(', ')}` }
  return { kind: 'run', file: files[0], keep: words.includes('--keep'), data }
}
