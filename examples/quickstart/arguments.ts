/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly file: string | undefined; readonly keep: boolean }
  | { readonly kind: 'wrong'; readonly message: string }

export const HELP = `usage: npm run demo -- [--keep] [manifest]

Runs the application of a manifest on three simulated nodes under constant load: deploy, scale, rolling update, a
broken version that is reverted, undo, a killed process, a failed node. Ends with 0 only if no request failed while
something was planned. It takes about a minute; Ctrl-C ends it and leaves no process behind. An application that wants
each task on a node of its own is deployed on all nodes instead, and one task more says why it has to wait.

  manifest   Kubernetes YAML with a Deployment and a Service, or a Marathon app as JSON.
             Default: examples/quickstart/hello-kubernetes.yaml
  --keep     goes on serving after the last step, until Ctrl-C
  --help     says this

Environment: NO_COLOR turns colours off.
`

/** Reads the arguments of the program. */
export function readArguments(given: readonly string[]): Command {
  if (given.includes('--help') || given.includes('-h')) return { kind: 'help' }
  const unknown = given.find(word => word.startsWith('-') && word !== '--keep')
  if (unknown !== undefined)
    return { kind: 'wrong', message: `${unknown} is no option; there are --keep and --help` }
  const files = given.filter(word => !word.startsWith('-'))
  if (files.length > 1)
    return { kind: 'wrong', message: `one manifest is run at a time, not ${files.join(', ')}` }
  return { kind: 'run', file: files[0], keep: given.includes('--keep') }
}
