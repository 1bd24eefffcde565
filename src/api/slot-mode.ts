/** How a `SlotSet` has its tasks; see its `spec.mode`. */
export type SlotMode = 'replicated' | 'global' | 'replicated-job' | 'global-job'

/** Whether its tasks are to end. */
export function isSlotJob({ mode }: { readonly mode?: SlotMode }): boolean {
  return mode === 'replicated-job' || mode === 'global-job'
}
