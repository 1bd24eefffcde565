/** Something that somebody did to a ledger entry: who, why and when. */
export interface LedgerMark {
  readonly verb:
    | 'pause'
    | 'resume'
    | 'promote'
    | 'approve'
    | 'reject'
    | 'answer'
    | 'abort'
    | 'retry'
    | 'undo'
    | 'pin'
    | 'unpin'
    | 'tag'
    | 'untag'
  /** A person or a program. */
  readonly by: string
  readonly reason?: string
  /** RFC 3339. */
  readonly time: string
  /** Of `approve`, `reject` and `answer`: which gate. */
  readonly gate?: string
  /** Of `answer`: what the analysis or hook said. */
  readonly answer?: 'pass' | 'fail'
  /** Index of the waypoint that an answer is about, or to which it was promoted. */
  readonly waypoint?: number
  /** Of `retry`: the how-manieth of its entry. */
  readonly attempt?: number
  /** Of `tag` and `untag`. */
  readonly tag?: string
}
