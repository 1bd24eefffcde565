import { KeelsonError } from '../../core/index.js'

/** What a name is of, and which sources want it. */
export interface NameDispute {
  readonly kind: 'Service' | 'Host'
  readonly name: string
  readonly held: string
  readonly given: string
}

/** The name of a service or host is another source's, which is still there. */
export class NameTakenError extends KeelsonError<'AlreadyExists'> {
  constructor(dispute: NameDispute) {
    const { kind, name, held, given } = dispute
    const message =
      `the name ${name} of a ${kind.toLowerCase()} is that of "${held}", so "${given}" cannot have it, too; ` +
      'rename one of them, or delete what the other has there first'
    super({ code: 'AlreadyExists', message, details: { kind, name, held, given } })
  }
}
