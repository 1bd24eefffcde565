/** Without numbers: what differs in them only is looked at alike. */
export function shapeOf(text: string): string {
  return text.replaceAll(/\d+/g, '#')
}
