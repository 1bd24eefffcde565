/** What an event object says: something that happened to another object, for people. */
export interface EventRecord {
  readonly regarding: {
    readonly apiVersion: string
    readonly kind: string
    readonly namespace?: string
    readonly name: string
    readonly uid?: string
  }
  readonly type: 'Normal' | 'Warning'
  /** Upper camel case. */
  readonly reason: string
  /** A sentence for people. */
  readonly note: string
  readonly reportingController: string
  /** Times seen. */
  readonly count: number
  /** RFC 3339. */
  readonly firstTime: string
  /** RFC 3339. */
  readonly lastTime: string
}
