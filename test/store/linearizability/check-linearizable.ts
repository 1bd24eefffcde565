/**
 * One call of a client, as its caller saw it. Times are of one clock that all clients share, such as a counter that
 * each call and each answer raises.
 */
export interface Operation<Input, Output> {
  readonly client: string
  readonly input: Input
  readonly calledAt: number
  /** Absent when the answer was never heard: the call may have taken effect, at any time after it was made, or not. */
  readonly answer?: { readonly at: number; readonly output: Output }
  /** When whoever should have answered has ended: the call has taken effect before, or never does. */
  readonly lostAt?: number
}

/** The object as it would be if there were one client, which waits for each answer. States are not changed in place. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State
  /** The states that may follow; none when this output cannot be. An output that was not heard is undefined. */
  apply(state: State, input: Input, output: Output | undefined): readonly State[]
  /** Equal texts for states that behave alike. */
  textOf(state: State): string
}

/** What {@link checkLinearizable} finds. */
export type Linearizability<Input, Output> =
  | { readonly isLinearizable: true; readonly order: readonly Operation<Input, Output>[] }
  /** The longest order that could be found, and the calls of which none can come next. */
  | {
      readonly isLinearizable: false
      readonly order: readonly Operation<Input, Output>[]
      readonly stuckAt: readonly Operation<Input, Output>[]
    }

/**
 * Whether the calls can be put into one order in which each gets the answer that it got, and none comes before a call
 * that had been answered when it was made.
 *
 * The search of Wing and Gong (1993) with the memory of Lowe (2017): a set of done calls and the state that they led
 * to are tried once. A call without an answer may be left out.
 */
export function checkLinearizable<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
): Linearizability<Input, Output> {
  const operations = [...history].sort((a, b) => a.calledAt - b.calledAt)
  const answered = operations.filter(operation => operation.answer !== undefined).length
  const done = operations.map(() => false)
  const order: Operation<Input, Output>[] = []
  const tried = new Set<string>()
  let longest: readonly Operation<Input, Output>[] = []
  let stuckAt: readonly Operation<Input, Output>[] = []

  /** Calls that none of the others, as far as they are not done, was answered before, and that were not lost before one that is done. */
  const candidates = (): readonly number[] => {
    let firstAnswer = Number.POSITIVE_INFINITY
    let lastCall = 0
    operations.forEach((operation, index) => {
      if (done[index] === true) lastCall = Math.max(lastCall, operation.calledAt)
      else if (operation.answer !== undefined) firstAnswer = Math.min(firstAnswer, operation.answer.at)
    })
    return operations.flatMap((operation, index) => {
      const { calledAt, lostAt = Number.POSITIVE_INFINITY } = operation
      return done[index] !== true && calledAt < firstAnswer && lostAt > lastCall ? [index] : []
    })
  }

  const search = (state: State, left: number): boolean => {
    if (left === 0) return true
    const key = `${done.map(Number).join('')} ${model.textOf(state)}`
    if (tried.has(key)) return false
    tried.add(key)
    const next = candidates()
    for (const index of next) {
      const operation = operations[index] as Operation<Input, Output>
      done[index] = true
      order.push(operation)
      const isAnswered = operation.answer !== undefined
      for (const after of model.apply(state, operation.input, operation.answer?.output))
        if (search(after, left - (isAnswered ? 1 : 0))) return true
      order.pop()
      done[index] = false
    }
    if (order.length >= longest.length) {
      longest = [...order]
      stuckAt = next.map(index => operations[index] as Operation<Input, Output>)
    }
    return false
  }

  return search(model.initial, answered)
    ? { isLinearizable: true, order }
    : { isLinearizable: false, order: longest, stuckAt }
}
