/** UTF-8 both ways; a byte order mark is a character like any other. What is no UTF-8 becomes U+FFFD. */
export const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
export const encoder = new TextEncoder()

export function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : text
}
