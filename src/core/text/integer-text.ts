const INTEGER_PATTERN = /^[+-]?[0-9]+$/
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)
/** A sign, nineteen digits and room for leading zeros; longer text is not worth converting. */
const INTEGER_LENGTH_MAX = 64

/** The signed 64-bit integer that `text` spells in decimal, or undefined. */
export function parseInt64(text: string): bigint | undefined {
  if (text.length > INTEGER_LENGTH_MAX || !INTEGER_PATTERN.test(text)) return undefined
  const value = text.startsWith('+') ? BigInt(text.slice(1)) : BigInt(text)
  return value > INT64_MAX || value < INT64_MIN ? undefined : value
}
