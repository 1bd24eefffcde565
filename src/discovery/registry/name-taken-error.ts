import { KeelsonError } from '../../core/index.js'

/** The name of a service was made from another source's name, which is still there. */
export class NameTakenError extends KeelsonError<'AlreadyExists'> {
  constructor(service: string, sources: { readonly held: string; readonly given: string }) {
    const { held, given } = sources
    const message =
      `the name ${service} is that of "${held}", so "${given}" cannot have it, too; ` +
      'rename one of them, or delete what the other has there first'
    super({ code: 'AlreadyExists', message, details: { kind: 'Service', name: service, ...sources } })
  }
}
