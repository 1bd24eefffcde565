/**
 * Says whether everything that divides traffic follows a revision of the store: proxies, DNS caches, clients. What a
 * rollout takes away waits for it.
 */
export interface TrafficAck {
  /**
   * Resolves with true once no new traffic goes by what was there before `revision`; with false, or a rejection, when that
   * is not known yet: it is asked again.
   */
  reached(revision: number): Promise<boolean>
}
