/** Where a program writes. */
export interface ProgramOutput {
  /** Adds the end of the line. */
  line(text: string): void
  /** For people, and not part of the result. */
  note(text: string): void
  /** How far long work is; shown to people only. Default: to nobody. */
  readonly progress?: (done: number, total: number) => void
  /** Of the package that the program is of. Default: unknown. */
  readonly version?: () => string
  /** Ends what goes on until it is interrupted: whoever asks for it is no longer ended by the system. Default: never. */
  readonly signal?: () => AbortSignal
}

/** What a script can tell from how it ended. */
export const EXIT_CODES: Readonly<Record<'fine' | 'failed' | 'usage' | 'damaged', number>> =
  /* @__PURE__ */ Object.freeze({ fine: 0, failed: 1, usage: 2, damaged: 3 })

const BAR_WIDTH = 30

/** `[#######--------] 45 %`, for a terminal. */
export function progressBar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.round(share * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${Math.floor(share * 100)} %`
}
