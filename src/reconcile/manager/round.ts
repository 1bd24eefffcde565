import { ClosedError } from '../../core/index.js'

/** From a start to the stop after it. What is waited for within it ends with it at the latest. */
export class Round {
  #isOver = false
  #abort: AbortController | undefined
  readonly #waiting = new Set<(error: Error) => void>()

  get isOver(): boolean {
    return this.#isOver
  }

  /** Made for those who wait: most starts have nothing to wait for. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#isOver) this.#abort.abort(new ClosedError('the manager'))
    return this.#abort.signal
  }

  /** What `work` settles with; rejects with `ClosedError` as soon as the round is over. */
  during<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): void => void this.#waiting.delete(reject)
      if (this.#isOver) reject(new ClosedError('the manager'))
      else this.#waiting.add(reject)
      work.finally(settle).then(resolve, reject)
    })
  }

  end(): void {
    this.#isOver = true
    this.#abort?.abort(new ClosedError('the manager'))
    for (const reject of [...this.#waiting]) reject(new ClosedError('the manager'))
    this.#waiting.clear()
  }
}
