/** Why a request is not done: the status and the text of the answer. */
export class RequestRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
