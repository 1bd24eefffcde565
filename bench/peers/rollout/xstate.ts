import { assign, createMachine, initialTransition, transition } from 'xstate'

interface Context {
  readonly desired: number
  readonly next: number
  readonly stable: number
  readonly available: number
}
type Event =
  | { readonly type: 'observed'; readonly available: number }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }

/** A rolling update as a statechart: each look at it grows the new side and shrinks the old one inside a budget. */
const machine = createMachine({
  types: {} as { context: Context; events: Event; input: { readonly desired: number } },
  context: ({ input }) => ({
    desired: input.desired,
    next: 0,
    stable: input.desired,
    available: input.desired,
  }),
  initial: 'progressing',
  states: {
    progressing: {
      on: {
        pause: 'paused',
        observed: [
          { guard: ({ context }) => context.next > context.desired, target: 'succeeded' },
          {
            actions: assign(({ context, event }) => {
              const room = Math.ceil(context.desired * 1.25) - context.next - context.stable
              const spare = event.available - Math.floor(context.desired * 0.75)
              return {
                available: event.available,
                next: Math.min(context.desired, context.next + Math.max(0, room)),
                stable: context.stable - Math.max(0, Math.min(context.stable, spare)),
              }
            }),
          },
        ],
      },
    },
    paused: { on: { resume: 'progressing' } },
    succeeded: { type: 'final' },
  },
})

/** Takes so many transitions, each from the same state. */
export function transitions(size: number): (count: number) => void {
  const [start] = initialTransition(machine, { desired: size })
  return count => {
    let grown = 0
    for (let step = 0; step < count; step++) {
      const [after] = transition(machine, start, { type: 'observed', available: size })
      grown += after.context.next
    }
    if (grown === 0) throw new Error('nothing was to be done')
  }
}
