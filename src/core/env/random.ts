/** A source of randomness. Two instances made from the same seed give the same numbers. */
export interface Random {
  /** A number in `[0, 1)`. */
  next(): number
  /** An independent stream that depends only on this stream's seed and `label`, not on how much was drawn. */
  fork(label: string): Random
}
