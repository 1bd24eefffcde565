import type { StepInfo } from '../../core/index.js'
import type { ObjectRef } from '../../store/index.js'
import { refText } from '../../store/internal.js'

/** What the step of an attempt says of itself. Outside of tests nobody reads the label, so it is made then. */
export class ReconcileStep implements StepInfo {
  readonly kind = 'reconcile'
  readonly #controller: string
  readonly #key: ObjectRef

  constructor(controller: string, key: ObjectRef) {
    this.#controller = controller
    this.#key = key
  }

  get label(): string {
    return `${this.#controller} ${refText(this.#key)}`
  }
}
