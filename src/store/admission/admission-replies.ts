import { UsageError } from '../../core/index.js'
import { deepEqual } from '../../core/internal.js'
import type { AdmissionRequest } from '../kind/admission.js'
import { idOf } from '../object/object.js'
import { ConflictError } from '../object/store-errors.js'

/** How often one hook is asked again because the object has changed while it was thinking. */
const ASKED_MAX = 16

/** How many answers one write waits for: one that is about other objects each time would never end. */
const ANSWERS_MAX = 10_000

/** Somebody who is asked about a write and may need time: a hook, or a schema. */
export interface Advisor {
  readonly name: string
}

/** Ends an attempt to write whose answer is still on its way. Only the body of an optimistic transaction can see it. */
export class PendingAdmission extends Error {
  readonly advisor: Advisor
  readonly request: AdmissionRequest
  readonly reply: PromiseLike<unknown>

  constructor(advisor: Advisor, request: AdmissionRequest, reply: PromiseLike<unknown>) {
    super(`${advisor.name} has not answered yet; what asked runs again with the answer`)
    this.advisor = advisor
    this.request = request
    this.reply = reply
  }
}

interface Answered {
  readonly request: AdmissionRequest
  readonly reply: unknown
  readonly times: number
}

/** The answers that one write has waited for. An answer counts only for the object that it was given about. */
export class AdmissionReplies {
  /** By object: a write may be about several, as a deletion with dependents is. */
  readonly #byAdvisor = new Map<Advisor, Map<string, Answered>>()
  #count = 0

  find(advisor: Advisor, request: AdmissionRequest): { readonly reply: unknown } | undefined {
    const answered = this.#byAdvisor.get(advisor)?.get(subjectKey(request))
    if (answered === undefined || answered.request.previous !== request.previous) return undefined
    return deepEqual(answered.request.object, request.object) ? answered : undefined
  }

  /** @throws UsageError, ConflictError when there is no end to it */
  add({ advisor, request }: PendingAdmission, reply: unknown): void {
    if (++this.#count > ANSWERS_MAX) throw endless(advisor, request)
    const answers = this.#byAdvisor.get(advisor) ?? new Map<string, Answered>()
    const times = (answers.get(subjectKey(request))?.times ?? 0) + 1
    if (times > ASKED_MAX) throw neverSettles(advisor, request)
    this.#byAdvisor.set(advisor, answers.set(subjectKey(request), { request, reply, times }))
  }
}

function subjectKey({ kind, object: { metadata } }: AdmissionRequest): string {
  const { namespace = '', name = metadata.generateName } = metadata
  return `${kind.apiVersion}/${kind.kind}/${namespace}/${name}`
}

/** Tries a write again and again, each time with one more answer. */
export async function awaitAdmission<T>(
  first: PendingAdmission,
  again: (replies: AdmissionReplies) => T | Promise<T>,
): Promise<T> {
  const replies = new AdmissionReplies()
  let pending = first
  for (;;) {
    replies.add(pending, await pending.reply)
    try {
      return await again(replies)
    } catch (error) {
      if (!(error instanceof PendingAdmission)) throw error
      pending = error
    }
  }
}

function endless({ name }: Advisor, { kind }: AdmissionRequest): UsageError {
  return new UsageError(
    `one write has waited for ${ANSWERS_MAX} answers of admission hooks, the last of ${name} for a ${kind.kind}; ` +
      'a body that runs again must write the same objects, and large writes need hooks that answer at once',
    { hook: name, kind: kind.kind },
  )
}

function neverSettles({ name }: Advisor, { previous, kind }: AdmissionRequest): Error {
  if (previous === undefined) {
    return new UsageError(
      `${name} was asked about ${ASKED_MAX} different objects in one create of a ${kind.kind}; ` +
        'hooks before it must answer equal objects with equal objects',
      { hook: name, kind: kind.kind },
    )
  }
  const actual = previous.metadata.resourceVersion
  return new ConflictError(idOf(previous), { field: 'resourceVersion', expected: 'no other writer', actual })
}
