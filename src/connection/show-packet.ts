/**
 * A packet in a few words: of bytes how many there are and the first of them, of text the beginning, of anything else
 * its JSON.
 */
export function showPacket(packet: unknown, maxLength: number): string {
  if (packet instanceof Uint8Array) return `${packet.length} B ${bytesShown(packet, maxLength)}`
  if (typeof packet === 'string') return cut(packet, maxLength, JSON.stringify)
  return cut(plain(packet), maxLength, text => text)
}

function bytesShown(bytes: Uint8Array, maxLength: number): string {
  const shown = Array.from(bytes.subarray(0, maxLength), byteShown).join('')
  return `"${shown}"${bytes.length > maxLength ? '…' : ''}`
}

const escapes: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 92: '\\\\' }

function byteShown(byte: number): string {
  const printable = byte >= 0x20 && byte < 0x7f
  return escapes[byte] ?? (printable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`)
}

function cut(text: string, maxLength: number, shown: (text: string) => string): string {
  return text.length > maxLength ? `${shown(text.slice(0, maxLength))}…` : shown(text)
}

/** What has no JSON, or none that says anything, as a string. */
function plain(packet: unknown): string {
  try {
    const json = JSON.stringify(packet) as unknown
    return String(json ?? packet)
  } catch {
    return String(packet)
  }
}
