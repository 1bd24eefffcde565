/** A package that keeps texts on disk, behind the one call that the rows make. */
export interface DurablePeer {
  /** Resolves, or returns, when the value is on the disk. */
  put(key: string, value: string): unknown
}

/** What each file beside this one exports as `open`. */
export type OpenDurablePeer = (dir: string) => Promise<DurablePeer>
