/** Where a program writes. */
export interface ProgramOutput {
  /** Adds the end of the line. */
  line(text: string): void
  /** For people, and not part of the result. */
  note(text: string): void
}

/** What a script can tell from how it ended. */
export const EXIT_CODES: Readonly<Record<'fine' | 'failed' | 'usage' | 'damaged', number>> =
  /* @__PURE__ */ Object.freeze({ fine: 0, failed: 1, usage: 2, damaged: 3 })
